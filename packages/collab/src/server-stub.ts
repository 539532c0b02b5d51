/** What `@backchannel/collab` is on a server: nothing that could be used by mistake. */
throw new Error(
  '@backchannel/collab is for browsers. Load it there only (React: lazy() within ClientOnly); rooms are served by @backchannel/collab/server.',
)
