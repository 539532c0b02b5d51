import { Field } from '@base-ui/react/field'
import type { ComponentProps } from 'react'

/** A labelled input; what is wrong with it is said below it and read out with it. */
export function TextField({
  label,
  name,
  hint,
  ...input
}: { label: string; name: string; hint?: string } & Omit<ComponentProps<typeof Field.Control>, 'className' | 'name'>) {
  return (
    <Field.Root name={name} className="grid gap-1.5">
      <Field.Label className="text-sm font-medium">{label}</Field.Label>
      <Field.Control
        {...input}
        className="h-11 w-full rounded-lg border border-line-strong bg-surface px-3 text-base placeholder:text-ink-soft data-invalid:border-danger sm:text-sm"
      />
      {hint === undefined ? null : <Field.Description className="text-xs text-ink-soft">{hint}</Field.Description>}
      <Field.Error className="text-sm text-danger" />
    </Field.Root>
  )
}
