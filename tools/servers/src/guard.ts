import { spawn } from 'node:child_process'

/**
 * Ends a server when this process dies, also by SIGKILL, when no exit hook runs: a shell that waits for the end of its
 * stdin, which the kernel closes for us, then ends the last process it was told of and removes the directory.
 */
const script = `
pid=
while read -r line; do pid=$line; done
if [ -n "$pid" ]; then
  kill -s "$1" -- "$pid" 2>/dev/null
  tries=0
  while kill -s 0 -- "$pid" 2>/dev/null && [ "$tries" -lt 50 ]; do tries=$((tries + 1)); sleep 0.1; done
  kill -s KILL -- "$pid" 2>/dev/null
fi
rm -rf -- "$2"
`

export interface Guard {
  /** The process to end with us, its group when negative; `undefined` once it ended: its id may be used again. */
  watch(pid: number | undefined): void
}

export function startGuard(signal: 'KILL' | 'QUIT' | 'TERM', directory: string): Guard {
  // A session of its own: Ctrl-C in a terminal must not end the guard before its work.
  const shell = spawn('/bin/sh', ['-c', script, 'guard', signal, directory], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  shell.unref()
  // Sockets can be unreferenced, a plain Writable can't; the pipe of a child is always a socket.
  const { stdin } = shell
  if ('unref' in stdin && typeof stdin.unref === 'function') stdin.unref()
  stdin.on('error', () => undefined)
  shell.on('error', () => undefined)
  return {
    watch(pid) {
      stdin.write(pid === undefined ? '\n' : `${pid}\n`)
    },
  }
}
