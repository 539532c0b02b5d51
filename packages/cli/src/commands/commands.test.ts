import { spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { signToken, verifyToken } from '@backchannel/protocol/token'
import { parse as parseToml } from 'smol-toml'
import { describe, expect, test } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { exitCodes } from '../failure.ts'
import { bin, Folder, run } from '../testing/cli.ts'

const secret = { client: { token: { hmac_secret_key: 'secret' } } }

describe('the program', () => {
  test.each([
    [['--help'], 0],
    [['help', 'serve'], 0],
    [['gentoken', '--help'], 0],
    [['nonsense'], exitCodes.usage],
    [['gentoken', '--nonsense'], exitCodes.usage],
    [['gentoken', '--ttl', 'soon'], exitCodes.usage],
    [['checkconfig', '-c'], exitCodes.usage],
    [['serve', 'stray'], exitCodes.usage],
    [['--nonsense'], exitCodes.usage],
    [['checkconfig', '-c', '/nowhere.json'], exitCodes.file],
    [['checkconfig', '-c', '/'], exitCodes.file],
    [['gensubtoken', '-u', '1'], exitCodes.usage],
    [['checktoken'], exitCodes.usage],
  ])('%j ends with %i, and without a stack', async (args, code) => {
    const ended = await run(args)
    expect(ended.code).toBe(code)
    expect(code === 0 ? ended.stderr : ended.stdout).toBe('')
    expect(code === 0 ? ended.stdout : ended.stderr).not.toBe('')
    expect(ended.stderr).not.toMatch(/^ {4}at /m)
    expect(ended.stderr).toMatch(code === 0 ? /^$/ : /^backchannel: /)
  })

  test.each(['version', '--version', '-v'])('tells its version and Node’s by %s', async (word) => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string
    }
    const stdout = `Backchannel v${version} (Node version: ${process.versions.node})\n`
    expect(await run([word])).toMatchObject({ code: 0, stdout, stderr: '' })
  })

  test('says in one line when Node is too old for it', () => {
    const older = '--no-experimental-strip-types'
    const { status, stdout, stderr } = spawnSync(process.execPath, [older, bin, 'version'], {
      encoding: 'utf8',
    })
    expect({ status, stdout }).toEqual({ status: exitCodes.failed, stdout: '' })
    expect(stderr).toMatch(/^backchannel: this is Node [\d.]+; the sources need Node 22\.18 or newer\. .*`npm ci`\.\n$/)
  })

  test('is a file that can be run as it is', () => {
    expect(statSync(bin).mode & 0o111).toBe(0o111)
    expect(readFileSync(bin, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
  })
})

describe('genconfig', () => {
  test.each([
    ['config.json', (text: string): unknown => JSON.parse(text)],
    ['config.yaml', (text: string): unknown => parseYaml(text)],
    ['config.toml', (text: string): unknown => parseToml(text)],
  ])('writes %s, closed and with secrets of its own, which passes the check', async (name, parse) => {
    using folder = new Folder()
    const file = `${folder.path}/${name}`
    expect(await run(['genconfig', '-c', file])).toMatchObject({ code: 0, stdout: '', stderr: '' })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const key = expect.stringMatching(/^[\w-]{86}$/) as string
    expect(parse(readFileSync(file, 'utf8'))).toEqual({
      client: { token: { hmac_secret_key: key }, allowed_origins: [] },
      admin: { enabled: false, password: expect.stringMatching(/^[\w-]{22}$/) as string, secret: key },
      http_api: { key },
    })
    expect(await run(['checkconfig', '--strict', '-c', file])).toMatchObject({ code: 0, stdout: '', stderr: '' })
  })

  test('leaves alone what is there', async () => {
    using folder = new Folder()
    const file = folder.write('config.json', 'mine')
    const ended = await run(['genconfig', '-c', file])
    expect(ended).toMatchObject({
      code: exitCodes.file,
      stderr: `backchannel: ${file} is there already and stays as it is; name another file, or remove it\n`,
    })
    expect(readFileSync(file, 'utf8')).toBe('mine')
  })

  test('is config.json by default', async () => {
    using folder = new Folder()
    expect((await run(['genconfig'], { cwd: folder.path })).code).toBe(0)
    expect((await run(['checkconfig'], { cwd: folder.path })).code).toBe(0)
  })
})

describe('checkconfig', () => {
  test('tells warnings, which fail only a strict check', async () => {
    using folder = new Folder()
    const file = folder.write('config.json', { swagger: { enabled: true } })
    expect(await run(['checkconfig', '-c', file])).toMatchObject({
      code: 0,
      stderr: `${file}: without effect here: swagger.enabled\n`,
    })
    expect((await run(['checkconfig', '-s', '-c', file])).code).toBe(exitCodes.config)
  })

  test('wants a file, also the default one', async () => {
    using folder = new Folder()
    expect((await run(['checkconfig'], { cwd: folder.path })).code).toBe(exitCodes.file)
  })

  test('refuses an extension of no known language as a configuration that can’t be parsed', async () => {
    using folder = new Folder()
    const file = folder.write('config.ini', '')
    expect(await run(['checkconfig', '-c', file])).toMatchObject({
      code: exitCodes.config,
      stderr: `backchannel: ${file}: a configuration file ends in .json, .yaml, .yml, .toml\n`,
    })
  })

  test('counts variables in', async () => {
    using folder = new Folder()
    const file = folder.write('config.json', {})
    const ended = await run(['checkconfig', '-c', file], { env: { CENTRIFUGO_CLIENT_PING_INTERVAL: 'x' } })
    expect(ended.code).toBe(exitCodes.config)
    expect(ended.stderr).toContain('CENTRIFUGO_CLIENT_PING_INTERVAL: expected a duration')
  })
})

describe('tokens', () => {
  const week = 7 * 24 * 3600
  const claimsOf = (token: string, key = 'secret'): Record<string, unknown> => verifyToken(token, key, Date.now())

  test('are made for a user, for a week, and described', async () => {
    using folder = new Folder()
    const file = folder.write('config.json', secret)
    const { stdout } = await run(['gentoken', '-c', file, '-u', '42'])
    const [description, token = ''] = stdout.split('\n')
    expect(description).toBe('HMAC SHA-256 JWT for user "42" with expiration TTL 168h0m0s:')
    const { iat, ...claims } = claimsOf(token)
    expect(claims).toEqual({ sub: '42', exp: Number(iat) + week })
  })

  test.each([
    [['-t', '-1'], { sub: 'a' }],
    [['-t', '0'], { sub: 'a' }],
    [['-t', '60'], { sub: 'a', exp: 60 }],
  ])('live as long as asked: %j', async (args, expected) => {
    using folder = new Folder()
    const file = folder.write('config.json', secret)
    const { stdout } = await run(['gentoken', '-c', file, '-u', 'a', '--quiet', ...args])
    expect(stdout).not.toContain('\n')
    const { iat, exp, ...claims } = claimsOf(stdout)
    expect({ ...claims, ...(exp === undefined ? {} : { exp: Number(exp) - Number(iat) }) }).toEqual(expected)
  })

  test('for a channel are signed with the key of those, and name the user where the server looks', async () => {
    using folder = new Folder()
    const token = { hmac_secret_key: 'secret', user_id_claim: 'user_id' }
    const file = folder.write('config.json', { client: { token } })
    const { stdout } = await run(['gensubtoken', '-c', file, '-u', '42', '-s', 'chat:1', '-q'])
    expect(claimsOf(stdout)).toMatchObject({ sub: '42', user_id: '42', channel: 'chat:1' })
    expect((await run(['checksubtoken', '-c', file, stdout])).stdout).toMatch(
      /^valid subscription token for user "42" and /,
    )

    const own = folder.write('own.json', {
      client: { token, subscription_token: { enabled: true, hmac_secret_key: 'other' } },
    })
    const separate = await run(['gensubtoken', '-c', own, '-s', 'chat:1', '-q'])
    expect(claimsOf(separate.stdout, 'other')).not.toHaveProperty('sub')
  })

  test('are checked as the hub would check them', async () => {
    using folder = new Folder()
    const file = folder.write('config.json', secret)
    const now = Math.floor(Date.now() / 1000)
    const check = async (command: string, token: string): Promise<[number | null, string]> => {
      const { code, stdout, stderr } = await run([command, '-c', file, token])
      return [code, stdout + stderr]
    }
    const connection = signToken({ sub: '42', iat: now, info: { name: 'A' } }, 'secret')
    expect(await check('checktoken', connection)).toEqual([
      0,
      `valid token for user 42\npayload: {"sub":"42","iat":${now},"info":{"name":"A"}}\n`,
    ])
    const subscription = signToken({ channel: 'chat:1', iat: now }, 'secret')
    expect(await check('checksubtoken', subscription)).toEqual([
      0,
      `valid subscription token for anonymous user and channel "chat:1"\npayload: {"channel":"chat:1","iat":${now}}\n`,
    ])
    const [code, output] = await check('checktoken', `${connection}x`)
    expect(code).toBe(exitCodes.token)
    expect(output).toMatch(/^backchannel: the token is not valid: .+\n$/)
  })

  test('can’t be made without a key, and need no configuration that could be served', async () => {
    using folder = new Folder()
    const ended = await run(['gentoken', '-c', folder.write('none.json', {})])
    expect(ended).toMatchObject({ code: exitCodes.token, stdout: '' })
    expect(ended.stderr).toContain('no token can be made without client.token.hmac_secret_key; with public keys')
    const nowhere = await run(['gentoken'], { cwd: folder.path })
    expect(nowhere).toMatchObject({ code: exitCodes.token, stdout: '' })
    expect(nowhere.stderr).toContain('there is no config.json here: name a file with --config')
    const redis = folder.write('redis.json', { ...secret, engine: { type: 'redis' } })
    expect((await run(['gentoken', '-c', redis])).code).toBe(0)
    expect(
      (await run(['gentoken'], { cwd: folder.path, env: { CENTRIFUGO_CLIENT_TOKEN_HMAC_SECRET_KEY: 's' } })).code,
    ).toBe(0)
  })
})

describe('migrateconfig', () => {
  const v5 = {
    token_hmac_secret_key: 'secret',
    sockjs: true,
    namespaces: [{ name: 'chat', history_size: 1, history_ttl: '1s' }],
  }
  const v6 = {
    channel: { namespaces: [{ name: 'chat', history_size: 1, history_ttl: '1s' }] },
    client: { token: { hmac_secret_key: 'secret' } },
  }

  test('prints in the language of the file, and says what it left out', async () => {
    using folder = new Folder()
    const ended = await run(['migrateconfig', '-c', folder.write('config.json', v5)])
    expect(ended.code).toBe(0)
    expect(JSON.parse(ended.stdout)).toEqual(v6)
    expect(ended.stderr).toMatch(/config\.json: sockjs: left out: SockJS was removed in v6/)
    const toml = folder.write(
      'config.toml',
      'token_hmac_secret_key = "secret"\n[[namespaces]]\nname = "chat"\nhistory_size = 1\nhistory_ttl = "1s"\n',
    )
    expect(parseToml((await run(['migrateconfig', '-c', toml])).stdout)).toEqual(v6)
  })

  test('writes only new files', async () => {
    using folder = new Folder()
    const file = folder.write('config.json', v5)
    const output = `${folder.path}/new.yaml`
    expect((await run(['migrateconfig', '-c', file, '-o', output])).code).toBe(0)
    expect(parseYaml(readFileSync(output, 'utf8'))).toEqual(v6)
    expect((await run(['migrateconfig', '-c', file, '-o', output])).code).toBe(exitCodes.file)
  })

  test.each([
    [v6, 'this is no configuration of Centrifugo v5 or older'],
    [{ ...v5, tokn: 1 }, '  tokn: unknown option'],
    [[], 'this is no configuration of Centrifugo v5 or older'],
  ])('refuses %j', async (config, message) => {
    using folder = new Folder()
    const ended = await run(['migrateconfig', '-c', folder.write('config.json', config)])
    expect(ended).toMatchObject({ code: exitCodes.config, stdout: '' })
    expect(ended.stderr).toContain(message)
  })
})
