import { Radio } from '@base-ui/react/radio'
import { RadioGroup } from '@base-ui/react/radio-group'
import { Lock, Users } from 'lucide-react'
import { useId } from 'react'

export interface ChannelOption {
  readonly channel: string
  readonly label: string
  readonly explanation: string
  readonly shared: boolean
}

export function ChannelChoice({
  options,
  value,
  onChange,
}: {
  options: readonly ChannelOption[]
  value: string
  onChange: (channel: string) => void
}) {
  const id = useId()
  return (
    <div className="grid gap-2">
      <h2 id={id} className="text-sm font-medium">
        Channel
      </h2>
      <RadioGroup aria-labelledby={id} value={value} onValueChange={onChange} className="grid gap-2 sm:grid-cols-2">
        {options.map(({ channel, label, explanation, shared }) => {
          const Icon = shared ? Users : Lock
          return (
            <Radio.Root
              key={channel}
              value={channel}
              aria-label={`${label}: ${channel}`}
              aria-describedby={`${id}-${label}`}
              className="group grid min-w-0 grid-cols-[auto_1fr] items-start gap-x-3 rounded-xl border bg-surface p-3 text-left transition-colors hover:bg-sunken data-checked:border-accent data-checked:bg-accent-soft"
            >
              <Icon aria-hidden className="mt-0.5 size-4 text-ink-soft group-data-checked:text-accent" />
              <span className="min-w-0">
                <span className="block truncate font-mono text-sm">{channel}</span>
                <span id={`${id}-${label}`} className="mt-0.5 block text-xs text-ink-soft">
                  {explanation}
                </span>
              </span>
            </Radio.Root>
          )
        })}
      </RadioGroup>
    </div>
  )
}
