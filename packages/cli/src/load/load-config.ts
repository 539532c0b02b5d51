/** From a file, the environment and flags to what the hub and the server around it are started with. */
import { readFileSync } from 'node:fs'
import { checkConfig, ConfigError, configPaths, type HubConfig } from '@backchannel/hub/config'
import { Failure, reasonOf } from '../failure.ts'
import { isV5, v5KeysOf } from '../legacy/recognise.ts'
import { centrifugoOptions, serveOptions } from '../options/index.ts'
import type { Node } from '../options/kinds.ts'
import { consumerSettings, isConsumed, type ConsumerSettings } from '../serve/consumer-settings.ts'
import { serverSettings, type ServerSettings } from '../serve/settings.ts'
import { applyEnvironment, expandVariables, type Environment } from './environment.ts'
import { parseConfig } from './parse.ts'
import { hintFor } from './hints.ts'
import { closest } from './suggest.ts'
import { isDefault, optionOf, readTree, setOption, settings, type Setting, type Tree } from './tree.ts'
import { BadValue, readText } from './values.ts'

export interface Sources {
  readonly file: string
  /** The file has to be there: it was asked for. */
  readonly isExplicit: boolean
  readonly env: Environment
  /** Options by their path, as text. */
  readonly flags?: ReadonlyMap<string, string>
  /** Options that may be without effect, by their path or that of their section; or all of them. */
  readonly allowed?: readonly string[] | 'all'
}

export interface LoadedConfig {
  /** Undefined when there is none. */
  readonly file: string | undefined
  /** For `createHub`; checked. */
  readonly hub: HubConfig
  readonly server: ServerSettings
  /** What is read beside clients; only what is enabled. */
  readonly consumers: readonly ConsumerSettings[]
  /** The value of an option, or its default. */
  option(path: string): unknown
  readonly warnings: readonly string[]
}

/** @throws Failure config, file, usage */
export function loadConfig(sources: Sources): LoadedConfig {
  refuseUnknownAllowance(sources.allowed)
  const problems: string[] = []
  const report = (problem: string): void => void problems.push(problem)
  const raw = readConfigFile(sources.file, sources.isExplicit)
  if (isV5(raw)) throw new Failure('config', describeV5(raw, sources.file))
  const tree = readTree(centrifugoOptions, raw ?? {}, report, hintFor)
  const unknownVariables = applyEnvironment(centrifugoOptions, tree, sources.env, report)
  applyFlags(tree, sources.flags ?? new Map(), report)
  const isReadable = problems.length === 0
  const sorted = sort(tree, sources, report)
  problems.push(...describeRefused(sorted.refused))
  const hub = sorted.hub as HubConfig
  const option = (path: string): unknown => optionOf(centrifugoOptions, tree, path)
  const server = serverSettings(option, report)
  const consumers = consumerSettings((tree['consumers'] ?? []) as Tree[], report)
  // What could not be read is missing for the hub; it would tell of the same mistakes in other words.
  problems.push(...hubProblems(hub).filter((problem) => isReadable || isGiven(hub, problem)))
  if (problems.length > 0) throw new Failure('config', [describeFile(sources.file, raw), ...problems.map(indent)])
  return {
    file: raw === undefined ? undefined : sources.file,
    hub,
    server,
    consumers,
    option,
    warnings: [...(sorted.ignored.length === 0 ? [] : [describeIgnored(sorted.ignored)]), ...unknownVariables],
  }
}

/** A name that is none would allow nothing, and nobody would notice until it is needed. */
function refuseUnknownAllowance(allowed: Sources['allowed'] = []): void {
  if (allowed === 'all') return
  const known = new Set(sectionsAndOptions(centrifugoOptions))
  const wrong = allowed.find((name) => !known.has(name))
  if (wrong === undefined) return
  const meant = closest(wrong, known)
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`
  throw new Failure('usage', `--allow-unsupported ${wrong.slice(0, 100)}: there is no such option${hint}`)
}

function* sectionsAndOptions(node: Node, path = ''): Generator<string> {
  if (path !== '') yield path
  if (node.kind === 'groups') yield* sectionsAndOptions(node.entry, path)
  if (node.kind !== 'group') return
  for (const [name, member] of node.members) yield* sectionsAndOptions(member, path === '' ? name : `${path}.${name}`)
}

/** The parsed file; undefined for a default one that isn't there. @throws Failure file, config */
export function readConfigFile(file: string, isExplicit: boolean): unknown {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (!isExplicit && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Failure('file', `${file} can't be read: ${reasonOf(error)}`, error)
  }
  return parseConfig(text, file) ?? {}
}

function applyFlags(tree: Tree, flags: ReadonlyMap<string, string>, report: (problem: string) => void): void {
  for (const [path, text] of flags) {
    const [setting] = settingsAt(path)
    try {
      if (setting) setOption(tree, path.split('.'), readText(setting.option.type, text))
    } catch (error) {
      if (!(error instanceof BadValue)) throw error
      report(`--${path}: ${error.message}`)
    }
  }
}

function settingsAt(path: string): Setting[] {
  const tree: Tree = {}
  setOption(tree, path.split('.'), '')
  return Array.from(settings(centrifugoOptions, tree))
}

interface Sorted {
  readonly hub: Tree
  readonly refused: readonly Setting[]
  readonly ignored: readonly Setting[]
}

/** Who does what: the hub, the server around it, or nobody. */
function sort(tree: Tree, { allowed = [], env }: Sources, report: (problem: string) => void): Sorted {
  const ofHub = new Set(configPaths())
  const refused: Setting[] = []
  const ignored: Setting[] = []
  for (const setting of settings(centrifugoOptions, tree)) {
    if (ofHub.has(setting.path) || serveOptions.has(setting.path) || isConsumed(setting) || isDefault(setting)) continue
    // The name of an entry says nothing by itself.
    if (setting.path.endsWith('.name') && setting.place.endsWith('].name')) continue
    const { lack, when } = setting.option
    const matters = lack === 'refused' && (when === undefined || setting.beside[when] === true)
    if (matters && !isAllowed(setting.path, allowed)) refused.push(setting)
    else ignored.push(setting)
  }
  const hub = pick(tree, ofHub, '', (map, path) => {
    try {
      return expandVariables(map, env)
    } catch (error) {
      if (!(error instanceof BadValue)) throw error
      report(`${path}: ${error.message}`)
      return map
    }
  })
  return { hub: hub ?? {}, refused, ignored }
}

function isAllowed(path: string, allowed: readonly string[] | 'all'): boolean {
  return allowed === 'all' || allowed.some((name) => path === name || path.startsWith(`${name}.`))
}

type Expand = (map: Readonly<Record<string, string>>, path: string) => Record<string, string>

/** The part of a tree that the hub has options for. */
function pick(value: unknown, paths: ReadonlySet<string>, path: string, expand: Expand): Tree | undefined {
  const picked: Tree = {}
  for (const [name, inner] of Object.entries(value as Tree)) {
    const at = path === '' ? name : `${path}.${name}`
    if (paths.has(at)) picked[name] = isMap(inner) ? expand(inner, at) : inner
    else if (Array.isArray(inner) && Array.from(paths).some((known) => known.startsWith(`${at}.`))) {
      picked[name] = inner.map((entry) => pick(entry, paths, at, expand) ?? {})
    } else if (isTree(inner)) {
      const within = pick(inner, paths, at, expand)
      if (within) picked[name] = within
    }
  }
  return Object.keys(picked).length === 0 ? undefined : picked
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isMap(value: unknown): value is Record<string, string> {
  return isTree(value) && Object.values(value).every((inner) => typeof inner === 'string')
}

function hubProblems(hub: HubConfig): readonly string[] {
  try {
    checkConfig(hub)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems
  }
}

/** Whether there is a value where the hub has a problem. */
function isGiven(hub: HubConfig, problem: string): boolean {
  const path = problem.split(': ', 1)[0] ?? ''
  let at: unknown = hub
  for (const name of path.split(/[.[\]]+/).filter((part) => part !== '')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return false
    at = (at as Tree)[name]
  }
  return true
}

const indent = (line: string): string => `  ${line}`

function describeFile(file: string, raw: unknown): string {
  return raw === undefined ? 'the configuration is not valid:' : `${file}: the configuration is not valid:`
}

function describeRefused(refused: readonly Setting[]): string[] {
  return Array.from(
    Map.groupBy(refused, ({ path }) => path),
    ([path, settings]) => {
      const places = settings.map(({ place }) => place).filter((place) => place !== path)
      const where = places.length === 0 ? '' : `, set at ${places.join(', ')}`
      return `${path}: the hub can't do this${where}; to start without it: --allow-unsupported ${path}`
    },
  )
}

function describeIgnored(ignored: readonly Setting[]): string {
  const paths = Array.from(new Set(ignored.map(({ path }) => path)))
  return `without effect here: ${paths.join(', ')}`
}

function describeV5(raw: unknown, file: string): string {
  const keys = v5KeysOf(raw)
  const some = keys.slice(0, 3).join(', ') + (keys.length > 3 ? ', …' : '')
  return (
    `${file}: this is a configuration of Centrifugo v5 or older (${some}). ` +
    `Convert it: backchannel migrateconfig -c ${file} -o <new file>`
  )
}
