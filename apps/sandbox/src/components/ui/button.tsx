import { Button as BaseButton } from '@base-ui/react/button'
import type { ComponentProps } from 'react'

const shared =
  'inline-flex items-center justify-center gap-2 rounded-lg font-medium whitespace-nowrap transition-colors ' +
  'disabled:opacity-55 data-disabled:cursor-not-allowed'

const variants = {
  primary: 'bg-accent text-on-accent hover:bg-accent-hover',
  secondary: 'border border-line bg-surface text-ink hover:bg-sunken',
  quiet: 'text-ink-soft hover:bg-sunken hover:text-ink',
} as const

const sizes = { md: 'h-10 px-4 text-sm', lg: 'h-12 px-5 text-base', icon: 'size-10' } as const

export interface ButtonLook {
  variant?: keyof typeof variants
  size?: keyof typeof sizes
}

export function buttonClass({ variant = 'primary', size = 'md' }: ButtonLook = {}, more = ''): string {
  return `${shared} ${variants[variant]} ${sizes[size]} ${more}`
}

export function Button({
  variant,
  size,
  className = '',
  ...props
}: Omit<ComponentProps<typeof BaseButton>, 'className'> & ButtonLook & { className?: string }) {
  return (
    <BaseButton {...props} className={buttonClass({ ...(variant && { variant }), ...(size && { size }) }, className)} />
  )
}
