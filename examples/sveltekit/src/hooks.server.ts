import { events, live } from '#lib/server/realtime.ts'

// The server stops when its connections are gone, so they are told.
process.on('SIGTERM', () => {
  void Promise.all([events.close(), live.close()])
})
