/**
 * Builds an entry of the fixture as a real bundle, for browsers or for a server, and prints its code and modules as
 * JSON. A process of its own: the bundler keeps a handle open for as long as its process lives.
 * Arguments: client, server or minified (a client); the entry, by default `entry.ts`.
 */
import { build, defaultClientConditions, defaultServerConditions, type Rolldown } from 'vite'

const [, , environment, entry = 'entry.ts'] = process.argv
const ssr = environment === 'server'
const minify = environment === 'minified'
const conditions = ['@backchannel/source', ...(ssr ? defaultServerConditions : defaultClientConditions)]
const root = `${import.meta.dirname}/bundle-fixture`

const output = (await build({
  configFile: false,
  root,
  logLevel: 'silent',
  resolve: { conditions },
  ...(ssr && { ssr: { noExternal: true, resolve: { conditions } } }),
  build: { write: false, minify, ssr, rolldownOptions: { input: `${root}/${entry}` } },
})) as Rolldown.RolldownOutput

const chunks = output.output.filter((item) => item.type === 'chunk')
console.log(
  JSON.stringify({
    code: chunks.map(({ code }) => code).join('\n'),
    modules: chunks.flatMap(({ moduleIds }) => moduleIds),
  }),
)
