/** `CENTRIFUGO_*`: every option by its path in capitals, entries of lists by their names. */
import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { Failure, reasonOf } from '../failure.ts'
import type { Group, Groups, Node } from '../options/kinds.ts'
import { closest } from './suggest.ts'
import { readEntries, setOption, type Report, type Tree } from './tree.ts'
import { BadValue, parseJson, readText } from './values.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * The variables that a server starts with: the process's, and those of a file `.env` in the folder it is started in,
 * unless the process has them, too. @throws Failure file
 */
export function serverEnvironment(own: Environment): { env: Environment; hasFile: boolean } {
  try {
    return { env: { ...parseEnv(readFileSync('.env', 'utf8')), ...own }, hasFile: true }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { env: own, hasFile: false }
    throw new Failure('file', `.env can't be read: ${reasonOf(error)}`, error)
  }
}

/** Kubernetes puts them there for a service of that name. */
const ofKubernetes = /^CENTRIFUGO(?:_[A-Z0-9_]+)?_(?:PORT|SERVICE_)/

/** Puts the variables over what the file says. @returns warnings: variables that look like options and are none */
export function applyEnvironment(options: Group, tree: Tree, env: Environment, report: Report): string[] {
  const known = new Set<string>()
  new Variables(env, report, known).apply(options, tree, [], 'CENTRIFUGO')
  return Object.keys(env)
    .filter((name) => name.startsWith('CENTRIFUGO_') && !known.has(name) && env[name] !== undefined)
    .filter((name) => !ofKubernetes.test(name) && !name.startsWith('CENTRIFUGO_VAR_'))
    .map((name) => {
      const meant = closest(name, known)
      return `${name} is no option${meant === undefined ? '' : `; did you mean ${meant}?`}`
    })
}

class Variables {
  readonly #env: Environment
  readonly #report: Report
  readonly #known: Set<string>

  constructor(env: Environment, report: Report, known: Set<string>) {
    this.#env = env
    this.#report = report
    this.#known = known
  }

  apply(node: Node, tree: Tree, path: readonly string[], prefix: string): void {
    if (node.kind === 'group') {
      for (const [name, member] of node.members) {
        this.apply(member, tree, [...path, name], `${prefix}_${name.toUpperCase()}`)
      }
      return
    }
    const { type } = node.kind === 'option' ? node : {}
    this.#read(prefix, (text) => {
      const value = type === undefined ? entriesOf(node as Groups, text, at(tree, path)) : readText(type, text)
      setOption(tree, path, value)
    })
    if (node.kind === 'groups' && node.named) this.#applyEntries(node, tree, path, prefix)
  }

  #applyEntries(node: Groups, tree: Tree, path: readonly string[], prefix: string): void {
    for (const entry of at(tree, path)) {
      if (typeof entry['name'] === 'string') this.apply(node.entry, entry, [], `${prefix}_${variableOf(entry['name'])}`)
    }
  }

  #read(name: string, use: (text: string) => void): void {
    this.#known.add(name)
    const text = this.#env[name]
    // Empty counts as not set.
    if (text === undefined || text.trim() === '') return
    try {
      use(text)
    } catch (error) {
      if (!(error instanceof BadValue)) throw error
      this.#report(`${name}: ${error.message}`)
    }
  }
}

function variableOf(name: string): string {
  return name.toUpperCase().replaceAll(/[.-]/g, '_')
}

/** The entries of a list that are there already. */
function at(tree: Tree, path: readonly string[]): Tree[] {
  return (path.reduce<unknown>((within, name) => (within as Tree | undefined)?.[name], tree) ?? []) as Tree[]
}

/** JSON, in place of what is there; or names, which are added and whose options have variables of their own. */
function entriesOf(node: Groups, text: string, present: readonly Tree[]): Tree[] {
  if (!node.named || text.trimStart().startsWith('[')) return readEntries(node, parseJson(text))
  const names = text.trim().split(/\s+/)
  return [...present, ...names.map((name) => ({ name }))]
}

const reference = /\$\{(CENTRIFUGO_VAR_[^}]+)\}/g

/** `${CENTRIFUGO_VAR_…}` in the values of a map stands for that variable. @throws BadValue when it isn't set */
export function expandVariables(map: Readonly<Record<string, string>>, env: Environment): Record<string, string> {
  const expand = (text: string): string =>
    text.replaceAll(reference, (_, name: string) => {
      const value = env[name]
      if (value === undefined) throw new BadValue(`the variable ${name} is not set`)
      return value
    })
  return Object.fromEntries(Object.entries(map).map(([key, text]) => [key, expand(text)]))
}
