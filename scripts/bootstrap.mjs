// Installs what is missing before `npm start`, `npm run dev`, `npm test` and `npm run bench`. Plain JavaScript without
// dependencies: it runs before anything is installed, under whatever Node the machine has.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const platform = `${process.platform}-${process.arch}`
const stampFile = join(root, 'node_modules', '.bootstrap')

/** Below this npm leaves out the native parts of the build tools, whose `engines` exclude older versions. */
const installsEverything = [20, 19]
/** From here on Node runs TypeScript by itself. */
const runsTypeScript = [22, 18]

function isAtLeast([major, minor]) {
  const [ownMajor, ownMinor] = process.versions.node.split('.').map(Number)
  return ownMajor > major || (ownMajor === major && ownMinor >= minor)
}

function fail(message) {
  console.error(`\n${message}\n`)
  process.exit(1)
}

function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'))
}

/** The package that holds the pinned Node for this platform, as `[name, version]`. */
function pinnedNode() {
  const { optionalDependencies } = readJson(join(root, 'package.json'))
  return Object.entries(optionalDependencies).find(([name]) => name.endsWith(`-${platform.replace('win32', 'win')}`))
}

/** Runs npm under the given Node; `npm_execpath` is the npm that the user called, so no other one is needed. */
function npm(node, args) {
  const cli = process.env.npm_execpath
  const options = { cwd: root, stdio: 'inherit' }
  const isNpm = cli !== undefined && /npm-cli\.c?js$/.test(cli)
  const result = isNpm
    ? spawnSync(node, [cli, ...args], options)
    : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' })
  if (result.error) {
    fail(`npm was not found (${result.error.message}). Install Node from https://nodejs.org with its npm.`)
  }
  if (result.signal) process.exit(1)
  if (result.status !== 0) {
    fail(
      `\`npm ${args.join(' ')}\` failed; its messages are above. ` +
        'Without a connection to the npm registry nothing can be installed: check it, then run this command again.',
    )
  }
}

/** Installs the pinned Node beside the project, to install everything else with it. */
function installPinnedNode([name, version]) {
  const folder = join(root, '.cache', 'node')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  npm(process.execPath, [
    'install',
    '--prefix',
    folder,
    '--loglevel=error',
    '--no-audit',
    '--no-fund',
    `${name}@${version}`,
  ])
  return join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
}

/** Whether what npm noted in node_modules is what the lock file asks for, as after an `npm install` by hand. */
function isInstalled(lock) {
  const noted = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(noted) || !isAtLeast(installsEverything)) return false
  const { packages: wanted } = lock
  const { packages: present } = readJson(noted)
  return (
    Object.entries(wanted).every(
      ([path, entry]) => path === '' || entry.optional || !path.includes('node_modules') || path in present,
    ) && Object.entries(present).every(([path, entry]) => wanted[path] && wanted[path].version === entry.version)
  )
}

function main() {
  if (!isAtLeast([20, 0])) {
    fail(
      `Backchannel needs Node 20 or newer to install itself; this is ${process.version}. Get one from https://nodejs.org.`,
    )
  }
  const pinned = pinnedNode()
  if (pinned === undefined && !isAtLeast(runsTypeScript)) {
    fail(
      `There is no prebuilt Node for ${platform} to pin, so yours is used, and it has to be 22.18 or newer; ` +
        `this is ${process.version}.`,
    )
  }
  const lockText = readFileSync(join(root, 'package-lock.json'), 'utf8')
  const stamp = `${createHash('sha256').update(lockText).digest('hex')} ${platform}\n`
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return
  if (!isInstalled(JSON.parse(lockText))) {
    console.log('Installing what package-lock.json lists (npm ci). The first time takes about a minute.')
    const node = pinned === undefined || isAtLeast(installsEverything) ? process.execPath : installPinnedNode(pinned)
    npm(node, ['ci', '--loglevel=error', '--no-audit', '--no-fund'])
  }
  if (pinned !== undefined) {
    const check = spawnSync(join(root, 'node_modules', '.bin', 'node'), ['--version'], {
      shell: process.platform === 'win32',
    })
    if (check.status !== 0) {
      fail(`The pinned Node (${pinned.join(' ')}) was installed but does not run on this machine.`)
    }
  }
  writeFileSync(stampFile, stamp)
}

main()
