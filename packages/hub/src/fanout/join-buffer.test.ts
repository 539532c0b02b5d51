import { expect, test } from 'vitest'
import { JoinBuffer } from './join-buffer.ts'

function filled(count: number, data: string): JoinBuffer {
  const buffer = new JoinBuffer()
  for (let offset = 1; offset <= count; offset++) buffer.push({ data, offset }, 'epoch')
  return buffer
}

test('holds a mebibyte, then nothing', () => {
  expect(filled(1000, 'x'.repeat(900)).entries).toHaveLength(1000)
  const full = filled(2000, 'x'.repeat(900))
  expect(full.hasOverflowed).toBe(true)
  expect(full.entries).toEqual([])
})

test('publications without data take memory too', () => {
  expect(filled(10_000, '').hasOverflowed).toBe(false)
  expect(filled(20_000, '').hasOverflowed).toBe(true)
})
