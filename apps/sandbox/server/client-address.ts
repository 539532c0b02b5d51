import type { IncomingMessage } from 'node:http'

/** Writes the client's address into a request header, and removes whatever the client sent under that name. */
export function setClientAddress(req: IncomingMessage, header: string, address: string): void {
  const others: string[] = []
  for (let index = 0; index + 1 < req.rawHeaders.length; index += 2) {
    const [name, value] = req.rawHeaders.slice(index, index + 2) as [string, string]
    if (name.toLowerCase() !== header) others.push(name, value)
  }
  req.rawHeaders = [...others, header, address]
  req.headers[header] = address
}
