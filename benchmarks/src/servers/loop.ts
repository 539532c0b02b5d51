/** Publishing in a tight loop: what is measured is this process itself. */
export interface LoopRequest {
  readonly kind: 'encoded' | 'object' | 'history'
  readonly channel: string
  readonly count: number
}

export interface LoopResult {
  readonly cpuSeconds: number
  readonly seconds: number
}

export function timeLoop(count: number, publish: () => void): LoopResult {
  const cpu = process.cpuUsage()
  const started = performance.now()
  for (let index = 0; index < count; index++) publish()
  const seconds = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(cpu)
  return { cpuSeconds: (user + system) / 1e6, seconds }
}
