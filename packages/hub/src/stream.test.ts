import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { Stream } from './stream.ts'

test('what was trimmed holds no memory, also before its places are given back', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const stream = new Stream('epoch')
  const kept = Array.from({ length: 60 }, () => new WeakRef(stream.append({ data: '1' }, 2, 0, '')))
  await new Promise((resolve) => setImmediate(resolve))
  collect()
  expect(kept.filter((publication) => publication.deref())).toHaveLength(2)
  expect(stream.read({ limit: -1, reverse: false, historyMetaTtlMs: 0 }).publications).toMatchObject([
    { offset: 59 },
    { offset: 60 },
  ])
})
