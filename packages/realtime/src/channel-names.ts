const maxChannelBytes = 255

/**
 * The channel of one user: `personal:<userId>`.
 *
 * The id is used as it is, so it must be one that a channel name can hold: not empty, ASCII, 255 bytes with the prefix,
 * and without `#`, after which a server that allows user-limited channels reads user ids (`personal:x#42` would be open
 * to user 42). `:` and `$` are harmless here: the namespace ends at the first `:`, and `$` only counts in front.
 * @throws RangeError for any other id.
 */
export function personalChannel<Id extends string>(userId: Id): `personal:${Id}` {
  const channel = `personal:${userId}` as const
  if (userId === '' || channel.length > maxChannelBytes || !/^[\x20-\x22\x24-\x7e]+$/.test(userId)) {
    throw new RangeError('A personal channel needs a user id of printable ASCII without "#", at most 246 characters')
  }
  return channel
}
