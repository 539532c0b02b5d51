import { createCsrfMiddleware, createStart } from '@tanstack/react-start'

// A server function may be called by the app's own pages only. Better Auth checks its own routes' origin itself.
export const startInstance = createStart(() => ({
  requestMiddleware: [createCsrfMiddleware({ filter: ({ handlerType }) => handlerType === 'serverFn' })],
}))
