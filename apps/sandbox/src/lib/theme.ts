/** Dark or light: the system's preference until the visitor chooses. */
const key = 'theme'

/** Runs in the head, before the first paint. */
export const themeScript = `(()=>{let t=null;try{t=localStorage.getItem('${key}')}catch{}
document.documentElement.classList.toggle('dark',t?t==='dark':matchMedia('(prefers-color-scheme: dark)').matches)})()`

export function toggleTheme(): void {
  const dark = document.documentElement.classList.toggle('dark')
  try {
    localStorage.setItem(key, dark ? 'dark' : 'light')
  } catch {
    // Storage can be closed to us; the choice then lasts as long as the page.
  }
}

/** Follows the system for as long as nobody has chosen. Returns the end of it. */
export function followSystemTheme(): () => void {
  const query = matchMedia('(prefers-color-scheme: dark)')
  const follow = () => {
    if (storedTheme() === null) document.documentElement.classList.toggle('dark', query.matches)
  }
  // It may have changed since the script in the head ran.
  follow()
  query.addEventListener('change', follow)
  return () => query.removeEventListener('change', follow)
}

function storedTheme(): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}
