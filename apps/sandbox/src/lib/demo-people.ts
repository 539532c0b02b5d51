/** People that nobody needs a password for. With several of them, two browsers are two people. */
export const demoPeople = ['Ada', 'Grace', 'Linus', 'Margaret'] as const
export type DemoPerson = (typeof demoPeople)[number]
