import { describe, expect, test } from 'vitest'
import { hueOf, initialsOf } from './avatar-look.ts'

describe('avatars', () => {
  test.each([
    ['Ada Lovelace', 'AL'],
    ['grace', 'G'],
    ['  Jean  Luc Picard ', 'JP'],
    ['👩‍💻 Margaret', '👩‍💻M'],
    ['ﺎﺤﻣﺩ علي', 'ﺎع'],
    ['', '?'],
    ['   ', '?'],
  ])('%j is %j', (name, initials) => {
    expect(initialsOf(name)).toBe(initials)
  })

  test('a colour stays, and people differ', () => {
    expect(hueOf('ada')).toBe(hueOf('ada'))
    expect(new Set(Array.from({ length: 100 }, (_, index) => hueOf(`user-${index}`))).size).toBeGreaterThan(8)
  })
})
