/** Publications that commit or roll back with the app's own data, and a relay that delivers them. */
export { createOutbox, broadcast, publish, write } from './outbox.ts'
export type { Outbox, OutboxOptions, PlaceOptions, PublishOptions, WriteRequests, Written } from './outbox.ts'
export { outboxSchema } from './schema.ts'
export type { OutboxSchemaOptions } from './schema.ts'
export type { DrizzleClient, SqlClient, SqlFunction, Transaction } from './sql.ts'
export { onCommit, transaction } from './transaction.ts'
export type { PgClient, PgPool, TransactionBeginner, TransactionOptions } from './transaction.ts'
