import { describe } from 'vitest'
import { clientStory } from './client-story.ts'
import { client } from './programs.ts'

const { options, command } = await client('python')

describe('the official Python client', options, () => {
  clientStory(command)
})
