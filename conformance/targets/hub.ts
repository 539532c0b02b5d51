import type { Target } from './target.ts'
export const hub: Target = { name: 'hub', unavailable: 'not yet', capabilities: new Set(), start: () => Promise.reject(new Error('not yet')) }
