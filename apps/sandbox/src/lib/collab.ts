/** What the collab page's two sides have in common. */

/** Where this server's rooms are. */
export const collabPath = '/collab'

/** The document that everybody finds first. */
export const sharedDocument = 'welcome'

/** How documents may be named: it is also their room. */
export const documentName = /^[a-z0-9][a-z0-9-]{0,39}$/

/** Asks for reading only, as the page's switch does. */
export const readerParams = { as: 'reader' } as const
