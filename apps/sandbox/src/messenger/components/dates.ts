/** Times as the messenger writes them, in the reader's time zone. */
const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const weekday = new Intl.DateTimeFormat('en-GB', { weekday: 'short' })
const dayMonth = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })
const dayMonthYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })
const longDay = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long' })
const longDate = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long' })
const full = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'medium' })

/** 14:05 */
export function timeOf(iso: string): string {
  return time.format(new Date(iso))
}

/** Saturday, 21 November 2026 at 14:05:09 */
export function fullDateOf(iso: string): string {
  return full.format(new Date(iso))
}

/** As it stands in the list of rooms: 14:05, Sat, 3 Nov, 3 Nov 2025. */
export function shortDateOf(iso: string, now: Date): string {
  const date = new Date(iso)
  const days = daysBetween(date, now)
  if (days <= 0) return time.format(date)
  if (days < 7) return weekday.format(date)
  return (date.getFullYear() === now.getFullYear() ? dayMonth : dayMonthYear).format(date)
}

/** As it stands between two days: Today, Yesterday, Saturday 21 November. */
export function dayOf(iso: string, now: Date): string {
  const date = new Date(iso)
  const days = daysBetween(date, now)
  // A server's clock may be ahead of the reader's.
  if (days <= 0) return 'Today'
  if (days === 1) return 'Yesterday'
  return (date.getFullYear() === now.getFullYear() ? longDay : longDate).format(date)
}

/** Midnights between the two, by the calendar: a day of 23 hours is a day. */
function daysBetween(date: Date, now: Date): number {
  return Math.round((midnight(now) - midnight(date)) / 86_400_000)
}

function midnight(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime()
}
