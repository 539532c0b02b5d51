/** What the processes of a kill test agree on. */

export const rooms = ['room:1', 'room:2', 'room:3']

export const killPoints = [
  'after insert',
  'after commit',
  'after claim',
  'before publish',
  'after publish',
  'before delete',
  'during delete',
  'after delete',
] as const
export type KillPoint = (typeof killPoints)[number]

export const apiKey = 'kill-test'

export const hubConfig = {
  client: { allow_anonymous_connect_without_token: true, allowed_origins: ['*'] },
  http_api: { key: apiKey },
  channel: { namespaces: [{ name: 'room', allow_subscribe_for_client: true, allow_subscribe_for_anonymous: true }] },
}
