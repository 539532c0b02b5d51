/**
 * What has to happen in one step on the server. Every key comes in KEYS. A time to live is a number of milliseconds, or
 * the empty string for none.
 */
import { createHash } from 'node:crypto'

export interface Script {
  readonly text: string
  readonly sha: string
}

function script(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}

/** KEYS: counter. ARGV: by, ttl. What is there and no whole number counts as nothing. */
export const increment = script(`
local value = redis.call('GET', KEYS[1])
if value and string.match(value, '^%-?%d+$') and #value <= 17 and math.abs(tonumber(value)) <= 9007199254740991 then
  local sum = tonumber(value) + tonumber(ARGV[1])
  if math.abs(sum) > 9007199254740991 then return false end
  return redis.call('INCRBY', KEYS[1], ARGV[1])
end
if ARGV[2] == '' then redis.call('SET', KEYS[1], ARGV[1]) else redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return tonumber(ARGV[1])
`)

/** A tag's version lives at least as long as the entries that carry it. */
const prolong = `
local function prolong(key, ttl)
  if ttl == '' then
    redis.call('PERSIST', key)
  else
    local left = redis.call('PTTL', key)
    if left >= 0 and left < tonumber(ttl) then redis.call('PEXPIRE', key, ttl) end
  end
end
`

/** KEYS: versions of tags. ARGV: the version of those that are missing, ttl. */
export const tagVersions = script(`${prolong}
local versions = {}
for index, key in ipairs(KEYS) do
  local version = redis.call('GET', key)
  if version then
    prolong(key, ARGV[2])
  else
    version = ARGV[1]
    if ARGV[2] == '' then redis.call('SET', key, version) else redis.call('SET', key, version, 'PX', ARGV[2]) end
  end
  versions[index] = version
end
return versions
`)

/** KEYS: lock, entry. ARGV: token, ttl, whose lock may be taken over, what stands for a lost lock. */
export const acquire = script(`
local owner = redis.call('GET', KEYS[1])
if not owner or owner == ARGV[3] or owner == ARGV[4] then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  owner = ARGV[1]
end
return { owner, redis.call('GET', KEYS[2]) }
`)

/** KEYS: lock. ARGV: token, ttl. A lock that ended is not taken again: another load may have come and gone. */
export const renew = script(`
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
if owner then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1
`)

/** KEYS: lock. ARGV: token. */
export const release = script(`
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`)

/**
 * KEYS: lock, entry, versions of tags. ARGV: token, text, ttl, SHA-1 of the entry that was seen or the empty string, the
 * versions to be found.
 */
export const storeLoaded = script(`${prolong}
local owner = redis.call('GET', KEYS[1])
if owner then
  if owner ~= ARGV[1] then return 0 end
else
  local text = redis.call('GET', KEYS[2])
  if (text and redis.sha1hex(text) or '') ~= ARGV[4] then return 0 end
end
redis.call('DEL', KEYS[1])
for index = 3, #KEYS do
  if redis.call('GET', KEYS[index]) ~= ARGV[index + 2] then return 0 end
end
for index = 3, #KEYS do prolong(KEYS[index], ARGV[3]) end
if ARGV[3] == '' then redis.call('SET', KEYS[2], ARGV[2]) else redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3]) end
return 1
`)
