import { replyError, type Payload } from '@backchannel/protocol'
import type { ChannelOptions } from '../config/config.ts'

/** @throws ReplyError 107 for data that the channel does not take */
export function checkData(data: Payload, { publication_data_format: format }: ChannelOptions): void {
  if (format === 'binary') return
  if (data.length === 0) throw replyError('badRequest')
  if (format === '') return
  if (typeof data !== 'string') throw replyError('badRequest')
  if (format === 'json_object' && !data.trimStart().startsWith('{')) throw replyError('badRequest')
}
