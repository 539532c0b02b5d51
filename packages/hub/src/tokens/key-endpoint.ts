/**
 * Where the keys of a token are: the URL of a JSON Web Key Set, in which `{{name}}` stands for a named group of
 * `issuer_regex` or `audience_regex`. Those claims are read before anything is verified, so whoever makes up a token
 * chooses them; what they may choose from has to be a list.
 */

const placeholder = /\{\{([^{}]*)\}\}/g

export interface KeyEndpointOptions {
  readonly jwks_public_endpoint: string
  readonly issuer_regex: string
  readonly audience_regex: string
  readonly insecure_skip_jwks_endpoint_safety_check: boolean
}

/** What is wrong with it; undefined when nothing is. */
export function keyEndpointProblem(options: KeyEndpointOptions): string | undefined {
  const { jwks_public_endpoint: endpoint, insecure_skip_jwks_endpoint_safety_check: skipsCheck } = options
  const plain = endpoint.replace(placeholder, 'x')
  if (!/^https?:\/\//.test(endpoint) || !URL.canParse(plain)) return 'expected an http: or https: URL'
  const { username, password } = new URL(plain)
  if (username !== '' || password !== '') return 'expected a URL without a user name and a password'
  const regexes = [options.issuer_regex, options.audience_regex].filter((regex) => regex !== '')
  for (const name of placeholdersOf(endpoint)) {
    const groups = regexes.flatMap((regex) => groupTexts(regex, name))
    if (groups.length === 0) return `no named group of issuer_regex or audience_regex gives {{${name}}}`
    if (groups.every(isListOfValues)) continue
    if (!skipsCheck) return `the group of {{${name}}} must be a list of values, such as (?P<${name}>one|two)`
    if (placeholdersOf(authorityOf(endpoint)).includes(name)) return `{{${name}}} in a host must be a list of values`
  }
  return undefined
}

/**
 * The URL with the groups in their places.
 * @throws Error for a value that would lead elsewhere
 */
export function resolveKeyEndpoint(endpoint: string, groups: ReadonlyMap<string, string>): string {
  const url = endpoint.replace(placeholder, (_, name: string) => {
    const value = groups.get(name) ?? ''
    // The only texts that a path takes for something else once they are encoded.
    if (value === '' || value === '.' || value === '..') throw new Error(`no usable value for {{${name}}}`)
    return encodeURIComponent(value)
  })
  if (!URL.canParse(url)) throw new Error('the values of the token make no URL')
  return url
}

export function hasPlaceholders(endpoint: string): boolean {
  return placeholdersOf(endpoint).length > 0
}

function placeholdersOf(text: string): string[] {
  return Array.from(text.matchAll(placeholder), ([, name = '']) => name)
}

function authorityOf(endpoint: string): string {
  return /^https?:\/\/([^/?#]*)/.exec(endpoint)?.[1] ?? ''
}

/** What stands in a named group of a regular expression (RE2 syntax); everything that looks like the group, to be sure. */
function groupTexts(regex: string, name: string): string[] {
  return [`(?P<${name}>`, `(?<${name}>`].flatMap((opening) =>
    regex
      .split(opening)
      .slice(1)
      .map((rest) => rest.slice(0, endOfGroup(rest))),
  )
}

/** Where the parenthesis closes that was open at the beginning. */
function endOfGroup(regex: string): number {
  let depth = 1
  for (let index = 0; index < regex.length; index++) {
    const char = regex[index]
    if (char === '\\') index++
    else if (char === '(') depth++
    else if (char === ')' && --depth === 0) return index
  }
  return regex.length
}

/** Letters and digits, what is escaped and is none of them, alternatives, and groups of those: nothing that repeats. */
const listOfValues = /^(?:[^\\.*+?[\](){}^$]|\\[^A-Za-z0-9]|\((?:\?:|\?P?<\w+>)?|\))*$/

function isListOfValues(group: string): boolean {
  return listOfValues.test(group)
}
