// `.env.local` at the root, into the environment; what is set already wins. Node's own --env-file-if-exists does the
// same, but prints a line when there is no such file, and that is how everybody starts.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

const file = join(dirname(import.meta.dirname), '.env.local')
if (existsSync(file)) process.loadEnvFile(file)
