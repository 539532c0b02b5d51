import { replyError, type Payload } from '@backchannel/protocol'
import type { ChannelOptions } from './config.ts'

/** @throws ReplyError 107 for data that the channel does not take */
export function checkData(data: Payload, options: ChannelOptions): void {
  if (data.length === 0) throw replyError('badRequest')
  if (options.publication_data_format === '') return
  if (typeof data !== 'string') throw replyError('badRequest')
  if (options.publication_data_format === 'json_object' && !data.trimStart().startsWith('{')) {
    throw replyError('badRequest')
  }
}
