/** The page that the examples serve. Everything in it is the browser's own: no bundler, no client library. */
import { readFileSync } from 'node:fs'

export const page: string = readFileSync(new URL('page.html', import.meta.url), 'utf8')
