import type { LucideIcon } from 'lucide-react'
import type { ComponentProps } from 'react'
import { Button } from '../../components/ui/button.tsx'

/** A picture that can be pressed; its name is read out and shown to the pointer. */
export function IconButton({
  label,
  Icon,
  className = '',
  ...props
}: { label: string; Icon: LucideIcon } & Omit<ComponentProps<typeof Button>, 'children'>) {
  return (
    <Button {...props} variant="quiet" size="icon" aria-label={label} title={label} className={`shrink-0 ${className}`}>
      <Icon aria-hidden className="size-4.5" />
    </Button>
  )
}
