// Checks the types of every workspace and of the root.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname } from 'node:path'

const root = dirname(import.meta.dirname)
const projects = globSync('{.,*,*/*}/tsconfig.json', { cwd: root, exclude: ['**/node_modules'] }).toSorted()

async function check(project: string): Promise<boolean> {
  const compiler = spawn('tsc', ['--noEmit', '--pretty', 'false', '-p', project], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  const [code] = await once(compiler, 'exit')
  return code === 0
}

/** One worker per core takes the next project until none is left. */
const queue = projects.values()
const workers = Array.from({ length: availableParallelism() }, async () => {
  const failed: string[] = []
  for (const project of queue) if (!(await check(project))) failed.push(project)
  return failed
})
const failed = (await Promise.all(workers)).flat()
for (const project of failed) console.error(`types do not check: ${project}`)
process.exitCode = failed.length === 0 && projects.length > 0 ? 0 : 1
