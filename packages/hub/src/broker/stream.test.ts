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

test('reversed, it is read from before the place; from beyond its end nothing is', () => {
  const stream = new Stream('epoch')
  for (let n = 1; n <= 5; n++) stream.append({ data: String(n) }, 3, 0, '')
  const before = (offset: number): number[] =>
    stream
      .read({ limit: 2, reverse: true, historyMetaTtlMs: 0, since: { offset, epoch: '' } })
      .publications.map((p) => p.offset)
  expect([1, 3, 4, 5, 6, 7, 99].map(before)).toEqual([[], [], [3], [4, 3], [5, 4], [], []])
})
