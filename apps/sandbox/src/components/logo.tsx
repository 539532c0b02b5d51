/** A source and what goes out from it. */
export function Logo() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden className="size-7">
      <rect width="32" height="32" rx="9" className="fill-accent" />
      <circle cx="11" cy="21" r="3" className="fill-on-accent" />
      <path
        d="M11 13a8 8 0 0 1 8 8M11 7.5A13.5 13.5 0 0 1 24.5 21"
        fill="none"
        strokeWidth="2.6"
        strokeLinecap="round"
        className="stroke-on-accent"
      />
    </svg>
  )
}
