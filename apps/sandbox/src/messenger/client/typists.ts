/** Who types where. Nobody says when they stop: it ends by itself, or with their message. */
import type { Person } from '../model.ts'

/** Longer than the pause between two reports of somebody who goes on typing. */
const forgottenAfterMs = 5000

export class Typists {
  readonly #onChange: () => void
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>()
  #rooms: ReadonlyMap<number, readonly Person[]> = new Map()

  constructor(onChange: () => void) {
    this.#onChange = onChange
  }

  get rooms(): ReadonlyMap<number, readonly Person[]> {
    return this.#rooms
  }

  hear(roomId: number, person: Person): void {
    const key = `${roomId} ${person.id}`
    clearTimeout(this.#timers.get(key))
    this.#timers.set(
      key,
      setTimeout(() => this.forget(roomId, person.id), forgottenAfterMs),
    )
    const people = this.#rooms.get(roomId) ?? []
    if (!people.some(({ id }) => id === person.id)) this.#set(roomId, [...people, person])
  }

  forget(roomId: number, personId: string): void {
    const key = `${roomId} ${personId}`
    clearTimeout(this.#timers.get(key))
    if (!this.#timers.delete(key)) return
    this.#set(
      roomId,
      (this.#rooms.get(roomId) ?? []).filter(({ id }) => id !== personId),
    )
  }

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
  }

  #set(roomId: number, people: readonly Person[]): void {
    const rooms = new Map(this.#rooms)
    if (people.length === 0) rooms.delete(roomId)
    else rooms.set(roomId, people)
    this.#rooms = rooms
    this.#onChange()
  }
}
