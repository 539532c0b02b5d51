/** Commands of the server API, one after the other in one request: `{"method": …, "params": …}`. */
import { isRecord } from '../load/values.ts'

/** One method of the hub's server API. */
export type CallApi = (method: string, params: object) => Promise<object>

/** The replies, a line each; undefined for what is no list of commands. */
export async function runCommands(call: CallApi, body: string): Promise<string | undefined> {
  const commands = commandsOf(body)
  if (!commands) return undefined
  const replies: string[] = []
  for (const { method, params } of commands) replies.push(JSON.stringify(await call(method, params)))
  return replies.join('\n')
}

interface Command {
  readonly method: string
  readonly params: object
}

function commandsOf(body: string): Command[] | undefined {
  const commands: Command[] = []
  for (const line of body.split('\n')) {
    if (line.trim() === '') continue
    const command = commandOf(line)
    if (!command) return undefined
    commands.push(command)
  }
  return commands.length === 0 ? undefined : commands
}

function commandOf(line: string): Command | undefined {
  try {
    const value: unknown = JSON.parse(line)
    if (!isRecord(value) || typeof value['method'] !== 'string') return undefined
    const params = value['params'] ?? {}
    return isRecord(params) ? { method: value['method'], params } : undefined
  } catch {
    return undefined
  }
}
