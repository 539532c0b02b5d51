import { hueOf, initialsOf } from './avatar-look.ts'

const sizes = { sm: 'size-8 text-xs', md: 'size-9 text-[0.8125rem]', lg: 'size-11 text-sm' } as const

/** Initials on a colour that stays the same: round for a person, square for a room. */
export function Avatar({
  id,
  name,
  size = 'md',
  square = false,
  online,
}: {
  id: string
  name: string
  size?: keyof typeof sizes
  square?: boolean
  /** With a dot. */
  online?: boolean
}) {
  return (
    <span
      aria-hidden
      style={{ backgroundColor: `oklch(0.5 0.11 ${hueOf(id)})` }}
      className={`relative grid shrink-0 place-content-center font-semibold text-white select-none ${sizes[size]} ${square ? 'rounded-xl' : 'rounded-full'}`}
    >
      {initialsOf(name)}
      {online ? (
        <span className="absolute -right-0.5 -bottom-0.5 size-3 rounded-full border-2 border-surface bg-live" />
      ) : null}
    </span>
  )
}
