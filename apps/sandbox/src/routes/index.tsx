import { Link, createFileRoute } from '@tanstack/react-router'
import { ArrowRight, Database, PlugZap, Repeat2 } from 'lucide-react'
import { DemoUserButton } from '../components/demo-user-button.tsx'
import { buttonClass } from '../components/ui/button.tsx'

export const Route = createFileRoute('/')({ component: HomePage })

const onTheServer = `await db.insert(messages).values(message)
await publish('sandbox:demo', message)`

const inTheBrowser = `subscribe({
  url, token, channel: 'sandbox:demo',
  onMessage: (message) => show(message),
})`

const points = [
  {
    Icon: PlugZap,
    title: 'Nothing to install',
    text: 'The hub runs inside your app: same process, same port. It starts when your server starts.',
  },
  {
    Icon: Repeat2,
    title: 'Nothing to rewrite',
    text: 'It speaks Centrifugo’s protocol. Four environment variables move an app to a real Centrifugo; the browser cannot tell.',
  },
  {
    Icon: Database,
    title: 'Nothing to lose',
    text: 'The write lands in the database first. A tab that was away gets what it missed when it comes back.',
  },
]

function HomePage() {
  const { user, demoUser } = Route.useRouteContext()
  return (
    <main id="main" className="mx-auto w-full max-w-6xl px-4 sm:px-6">
      <section className="grid items-center gap-12 py-14 sm:py-20 lg:grid-cols-[1.05fr_1fr] lg:gap-16 lg:py-28">
        <div>
          <h1 className="text-4xl leading-[1.05] font-semibold tracking-[-0.035em] sm:text-6xl">
            Let the server speak first.
          </h1>
          <p className="mt-6 max-w-prose text-lg leading-relaxed text-ink-soft">
            Backchannel is realtime for TypeScript apps. Your server publishes to a channel, and every browser that
            listens hears it at once. No page asks, none polls.
          </p>
          <div className="mt-8 flex flex-wrap items-start gap-3">
            {user === undefined && demoUser ? (
              <DemoUserButton size="lg" to="/sandbox/realtime" />
            ) : (
              <Link to="/sandbox/realtime" className={buttonClass({ size: 'lg' })}>
                See it live
                <ArrowRight aria-hidden className="size-5" />
              </Link>
            )}
            {user === undefined ? (
              <Link to="/sign-up" className={buttonClass({ variant: 'secondary', size: 'lg' })}>
                Create an account
              </Link>
            ) : null}
          </div>
        </div>
        <div className="grid gap-3">
          <Snippet title="On the server" code={onTheServer} />
          <div aria-hidden className="relative mx-auto h-10 w-px bg-line">
            <span className="absolute top-1/2 left-1/2 size-2.5 -translate-1/2 rounded-full bg-accent" />
            <span className="absolute top-1/2 left-1/2 -mt-[5px] -ml-[5px] size-2.5 rounded-full bg-accent motion-safe:animate-signal" />
          </div>
          <Snippet title="In every browser" code={inTheBrowser} />
        </div>
      </section>
      <ul className="grid gap-8 border-t py-12 sm:grid-cols-3 sm:gap-10 sm:py-16">
        {points.map(({ Icon, title, text }) => (
          <li key={title}>
            <Icon aria-hidden className="size-5 text-accent" />
            <h2 className="mt-4 font-semibold tracking-tight">{title}</h2>
            <p className="mt-2 text-sm leading-relaxed text-ink-soft">{text}</p>
          </li>
        ))}
      </ul>
    </main>
  )
}

function Snippet({ title, code }: { title: string; code: string }) {
  return (
    <figure className="overflow-hidden rounded-2xl border bg-surface shadow-card">
      <figcaption className="border-b px-5 py-3 text-xs font-medium text-ink-soft">{title}</figcaption>
      <pre className="overflow-x-auto px-5 py-4 font-mono text-[0.6875rem] sm:text-[0.8125rem] leading-relaxed">
        {code}
      </pre>
    </figure>
  )
}
