import { describe } from 'vitest'
import { clientStory } from './client-story.ts'
import { client } from './programs.ts'

const { options, command } = await client('go')

describe('the official Go client', options, () => {
  clientStory(command)
})
