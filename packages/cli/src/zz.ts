import { loadConfig } from './load/load-config.ts'
import { convertV5 } from './legacy/convert.ts'
try { const l = loadConfig({file: process.argv[2]!, isExplicit:true, env: process.env, flags: new Map([['http_server.port','9000']])}); console.log(JSON.stringify(l), l.option('http_server.port')) } catch (e) { console.log((e as Error).name, (e as Error).message) }
