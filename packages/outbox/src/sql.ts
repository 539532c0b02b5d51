/** What a statement can be given to. */

/** Rows, as pg, PGlite and Drizzle give them, or the bare array of some drivers. */
type Answer = { readonly rows: readonly unknown[] } | readonly unknown[]

/** Runs one statement with `$1` parameters. */
export type SqlFunction = (text: string, values: unknown[]) => Promise<Answer>

/** A client of pg, a PGlite or a transaction of it. */
export interface SqlClient {
  query(text: string, values: unknown[]): Promise<Answer>
}

/** Drizzle's database or transaction. */
export interface DrizzleClient {
  execute(statement: string): PromiseLike<unknown>
}

/** What `publish` writes into: the app's transaction, as its library gives it. */
export type Transaction = SqlClient | DrizzleClient | SqlFunction

/** A value of a statement: how it is handed over is the client's matter. */
export interface Json {
  readonly json: string
}

/**
 * Runs a statement that is cut where its values belong.
 * @param values text that is JSON, names out of this package's own lists, and whole numbers: nothing of the caller's
 * reaches the statement's text, also where the client takes no parameters
 * @throws TypeError when `tx` is nothing that takes statements
 */
export async function run(
  caller: string,
  tx: Transaction,
  [first = '', ...rest]: readonly string[],
  values: readonly (Json | number)[],
): Promise<Record<string, unknown>[]> {
  const statement = (place: (value: Json | number, index: number) => string) =>
    rest.reduce((text, part, index) => text + place(values[index] ?? 0, index) + part, first)
  const numbered = () =>
    statement((value, index) => `$${index + 1}::${typeof value === 'number' ? 'integer' : 'jsonb'}`)
  const plain = () => values.map((value) => (typeof value === 'number' ? value : value.json))

  const given = tx as Partial<SqlClient & DrizzleClient> | SqlFunction | null | undefined
  if (typeof given === 'function') return rowsOf(caller, await given(numbered(), plain()))
  // Drizzle's `query` is an object, the relational one.
  if (typeof given?.query === 'function') return rowsOf(caller, await given.query(numbered(), plain()))
  if (typeof given?.execute === 'function') return rowsOf(caller, await given.execute(statement(literal)))
  throw new TypeError(
    `${caller}: the transaction must be one of Drizzle, a client of pg, a PGlite transaction, or a function (text, values)`,
  )
}

/** Drizzle takes parameters only in an object of its own library. Base64 needs no escaping, whatever is in it. */
function literal(value: Json | number): string {
  if (typeof value === 'number') return String(value)
  return `convert_from(decode('${Buffer.from(value.json).toString('base64')}', 'base64'), 'utf8')::jsonb`
}

function rowsOf(caller: string, answer: unknown): Record<string, unknown>[] {
  const rows: unknown = Array.isArray(answer) ? answer : (answer as { rows?: unknown } | undefined)?.rows
  if (Array.isArray(rows)) return rows as Record<string, unknown>[]
  throw new TypeError(`${caller}: the transaction's answer must be rows, or an object with rows`)
}
