/** The sandbox's pages, one per capability, in the order of the navigation. */
export const sandboxPages = [
  { to: '/sandbox/realtime', label: 'Realtime', summary: 'A server publishes, every subscribed browser hears it.' },
  {
    to: '/sandbox/streams',
    label: 'Streams',
    summary: 'Events for plain EventSource and WebSocket, no client library.',
  },
  { to: '/sandbox/cache', label: 'Cache', summary: 'Values that may be lost, kept near.' },
  { to: '/sandbox/collab', label: 'Collab', summary: 'One document, several people, every keystroke.' },
  { to: '/messenger', label: 'Messenger', summary: 'Rooms, people and messages that arrive once.' },
] as const
