export const afterSignIn = '/sandbox/realtime'

/** Where to go after signing in: a path of this app, whatever the query says. */
export function readRedirect(value: unknown): string {
  // A second slash or a backslash would lead to another host.
  return typeof value === 'string' && /^\/(?![/\\])/.test(value) ? value : afterSignIn
}
