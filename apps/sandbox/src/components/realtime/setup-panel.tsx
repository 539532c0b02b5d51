import { Collapsible } from '@base-ui/react/collapsible'
import { ChevronRight } from 'lucide-react'
import type { ReactNode } from 'react'
import type { RealtimeSetup } from '../../lib/realtime-server.ts'
import { CodeBlock } from '../ui/code-block.tsx'

const composeCommand = 'docker compose --profile realtime up -d'
const centrifugoCommand = 'npm run servers -- centrifugo'

/** How realtime is set up on this server, and how to publish from outside. */
export function SetupPanel({ setup, curl }: { setup: RealtimeSetup; curl: string }) {
  switch (setup.mode) {
    case 'off':
      return <Off setup={setup} curl={curl} />
    case 'embedded':
      return <Embedded setup={setup} curl={curl} />
    case 'centrifugo':
      return <Centrifugo setup={setup} curl={curl} />
  }
}

function Panel({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-labelledby="setup-title" className="grid grid-cols-1 gap-4 rounded-2xl border bg-surface p-5 text-sm">
      <h2 id="setup-title" className="text-base font-semibold tracking-tight">
        {title}
      </h2>
      {children}
    </section>
  )
}

function Off({ setup, curl }: { setup: Extract<RealtimeSetup, { mode: 'off' }>; curl: string }) {
  return (
    <Panel title="Turn realtime on">
      {setup.switchedOff ? (
        <p className="text-ink-soft">
          The embedded hub is switched off by <Code>REALTIME=off</Code>. Remove it and restart the server, or use a
          Centrifugo:
        </p>
      ) : null}
      <Steps>
        <li>
          <p>Start Centrifugo.</p>
          <CodeBlock label="Start Centrifugo" code={composeCommand} />
          <WithoutDocker />
        </li>
        <li>
          <p>
            Set what is missing:{' '}
            {setup.missing.map((name, index) => (
              <span key={name}>
                {index > 0 ? ' and ' : ''}
                <Code>{name}</Code>
              </span>
            ))}
            . The example file fits what was just started.
          </p>
          <CodeBlock label="Copy the example settings" code="cp .env.example .env.local" />
        </li>
        <li>
          <p>
            Restart the server, connect here, and publish from a terminal at the repository’s root. The first line,{' '}
            <Code>. ./.env.local</Code>, gives it the key.
          </p>
          <CodeBlock label="Publish from a terminal" code={curl} />
        </li>
      </Steps>
    </Panel>
  )
}

function Embedded({ setup, curl }: { setup: Extract<RealtimeSetup, { mode: 'embedded' }>; curl: string }) {
  return (
    <Panel title="Embedded hub">
      <p className="text-ink-soft">
        It runs inside this app’s own process, on the same port. There is nothing else to start.
      </p>
      <Facts
        facts={[
          ['WebSocket', setup.websocketUrl],
          ['Server API', setup.apiUrl],
          ['API key', setup.apiKeyFile],
        ]}
      />
      <CodeBlock label="Publish from a terminal" code={curl} />
      <Collapsible.Root className="grid grid-cols-1 gap-3">
        <Collapsible.Trigger className="group flex items-center gap-1.5 justify-self-start rounded-md font-medium">
          <ChevronRight aria-hidden className="size-4 transition-transform group-data-panel-open:rotate-90" />
          Move to Centrifugo
        </Collapsible.Trigger>
        <Collapsible.Panel>
          <Steps>
            <li>
              <p>Start Centrifugo. It reads the same configuration file.</p>
              <CodeBlock label="Start Centrifugo" code={composeCommand} />
              <WithoutDocker />
            </li>
            <li>
              <p>
                Set <Code>CENTRIFUGO_TOKEN_HMAC_SECRET</Code> and <Code>CENTRIFUGO_API_KEY</Code>. The example file fits
                what was just started.
              </p>
              <CodeBlock label="Copy the example settings" code="cp .env.example .env.local" />
            </li>
            <li>
              <p>Restart this server. No code changes.</p>
            </li>
          </Steps>
        </Collapsible.Panel>
      </Collapsible.Root>
    </Panel>
  )
}

function Centrifugo({ setup, curl }: { setup: Extract<RealtimeSetup, { mode: 'centrifugo' }>; curl: string }) {
  return (
    <Panel title="Centrifugo">
      <p className="text-ink-soft">This app publishes to a Centrifugo server, and your browser connects to it.</p>
      <Facts
        facts={[
          ['WebSocket', setup.websocketUrl],
          ['Server API', setup.apiUrl],
        ]}
      />
      <CodeBlock label="Publish from a terminal" code={curl} />
      <p className="text-ink-soft">
        Without <Code>CENTRIFUGO_TOKEN_HMAC_SECRET</Code> and <Code>CENTRIFUGO_API_KEY</Code> the hub inside this app
        takes over.
      </p>
    </Panel>
  )
}

function WithoutDocker() {
  return (
    <p className="text-ink-soft">
      Without Docker but with Go, in a second terminal: <Code>{centrifugoCommand}</Code>
    </p>
  )
}

function Facts({ facts }: { facts: readonly (readonly [term: string, value: string])[] }) {
  return (
    <dl className="grid gap-2.5">
      {facts.map(([term, value]) => (
        <div key={term} className="grid gap-0.5">
          <dt className="text-xs text-ink-soft">{term}</dt>
          <dd className="font-mono text-xs break-all">{value}</dd>
        </div>
      ))}
    </dl>
  )
}

function Steps({ children }: { children: ReactNode }) {
  return <ol className="grid list-decimal grid-cols-1 gap-4 pl-4 marker:text-ink-soft [&>li]:space-y-2">{children}</ol>
}

function Code({ children }: { children: ReactNode }) {
  return <code className="font-mono text-[0.9em] break-words text-ink">{children}</code>
}
