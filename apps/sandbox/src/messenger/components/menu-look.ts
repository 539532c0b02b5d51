export const menuPopup = 'min-w-48 rounded-xl border bg-surface p-1.5 text-sm text-ink shadow-card outline-none'

export const menuItem =
  'flex w-full cursor-pointer items-center gap-2 rounded-md px-2.5 py-2 outline-none data-disabled:cursor-not-allowed data-disabled:text-ink-soft data-highlighted:bg-sunken'
