import { binary, closed, connect, receive, script, send, settle, textBytes, type Topic } from '../support/script.ts'

/** A command that is exactly this long. */
const long = (bytes: number, id = 2) => {
  const frame = (channel: string) => `{"id":${id},"unsubscribe":{"channel":"${channel}"}}`
  return frame('a'.repeat(bytes - frame('').length))
}

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`

/** What stands in a frame before anybody looks at the command's meaning. */
export const frames: Topic = {
  name: 'frames',
  scripts: [
    script('an empty frame first', send(''), closed),
    script('an empty frame when connected', connect, send(''), settle),
    script('a frame of one newline', connect, send('\n'), settle),
    script('a frame of white space', connect, send('   '), settle),
    script('a trailing newline', connect, send('{"id":2,"unsubscribe":{"channel":"open:$N"}}\n'), settle),
    script('two trailing newlines', connect, send('{"id":2,"unsubscribe":{"channel":"open:$N"}}\n\n'), settle),
    script('a leading newline', connect, send('\n{"id":2,"unsubscribe":{"channel":"open:$N"}}'), settle),
    script(
      'a blank line between commands',
      connect,
      send('{"id":2,"subscribe":{"channel":"open:$N"}}\n\n{"id":3,"unsubscribe":{"channel":"open:$N"}}'),
      settle,
    ),
    script(
      'a line of white space between commands',
      connect,
      send('{"id":2,"subscribe":{"channel":"open:$N"}}\n \n{"id":3,"unsubscribe":{"channel":"open:$N"}}'),
      settle,
    ),
    script('carriage return and newline', connect, send('{"id":2,"subscribe":{"channel":"open:$N"}}\r\n'), settle),
    script(
      'connect and subscribe in one frame',
      send('{"id":1,"connect":{"token":"$TOKEN"}}\n{"id":2,"subscribe":{"channel":"open:$N"}}'),
      settle,
    ),
    script(
      'two commands in one frame',
      connect,
      send('{"id":2,"subscribe":{"channel":"open:$N"}}\n{"id":3,"unsubscribe":{"channel":"open:$N"}}'),
      settle,
    ),
    script(
      'two commands on one line',
      connect,
      send('{"id":2,"unsubscribe":{"channel":"a"}}{"id":3,"unsubscribe":{"channel":"b"}}'),
      settle,
    ),
    script('text after the command', connect, send('{"id":2,"unsubscribe":{"channel":"a"}} x'), settle),
    script('a command spread over two lines', connect, send('{"id":2,\n"unsubscribe":{"channel":"a"}}'), settle),
    script(
      'white space around the command',
      connect,
      send('  { "id" : 2 , "unsubscribe" : { "channel" : "a" } }  '),
      settle,
    ),
    script(
      'a good command before malformed JSON',
      connect,
      send('{"id":2,"subscribe":{"channel":"open:$N"}}\n{"id":3,'),
      settle,
    ),
    script('malformed JSON first', send('{"id":1,"connect":'), closed),
    script('malformed JSON when connected', connect, send('{"id":2'), settle),
    script('plain text', connect, send('hello'), settle),
    script('an array', connect, send('[]'), settle),
    script('an array holding a command', connect, send('[{"id":2,"unsubscribe":{"channel":"a"}}]'), settle),
    script('a string', connect, send('"ping"'), settle),
    script('a number', connect, send('5'), settle),
    script('null', connect, send('null'), settle),
    script('true', connect, send('true'), settle),
    script('an empty object', connect, send('{}'), settle),
    script('single quotes', connect, send("{'id':2}"), settle),
    script('a comment', connect, send('{"id":2,/* */"unsubscribe":{"channel":"a"}}'), settle),
    script('a trailing comma', connect, send('{"id":2,"unsubscribe":{"channel":"a"},}'), settle),
    script('NaN', connect, send('{"id":NaN,"unsubscribe":{"channel":"a"}}'), settle),
    script('a control character in a string', connect, send('{"id":2,"unsubscribe":{"channel":"a\u0001b"}}'), settle),
    script('a tab in a string', connect, send('{"id":2,"unsubscribe":{"channel":"a\tb"}}'), settle),
    script('an escaped newline in a string', connect, send('{"id":2,"unsubscribe":{"channel":"a\\nb"}}'), settle),
    script('an unknown escape', connect, send('{"id":2,"unsubscribe":{"channel":"a\\qb"}}'), settle),
    script('a lone surrogate', connect, send('{"id":2,"subscribe":{"channel":"open:\\ud800"}}'), settle),
    script('an escaped character in a key', connect, send('{"id":2,"\\u0075nsubscribe":{"channel":"a"}}'), settle),
    script('keys in capitals', connect, send('{"ID":2,"UNSUBSCRIBE":{"CHANNEL":"a"}}'), settle),
    script(
      'an unknown key',
      connect,
      send('{"id":2,"unsubscribe":{"channel":"a","color":"red"},"more":[1,{}]}'),
      settle,
    ),
    script(
      'an unknown key that is deeply nested',
      connect,
      send(`{"id":2,"unsubscribe":{"channel":"a"},"more":${nested(200)}}`),
      settle,
    ),
    script(
      'an unknown key nested 20000 deep',
      connect,
      send(`{"id":2,"unsubscribe":{"channel":"a"},"more":${nested(20_000)}}`),
      settle,
    ),
    script('connect data nested 200 deep', send(`{"id":1,"connect":{"token":"$TOKEN","data":${nested(200)}}}`), settle),
    script('a key twice', connect, send('{"id":2,"id":3,"unsubscribe":{"channel":"a"}}'), settle),
    script(
      'a command twice',
      connect,
      send('{"id":2,"subscribe":{"channel":"open:a$N"},"subscribe":{"channel":"open:b$N"}}'),
      settle,
    ),
    script(
      'two kinds in one command',
      connect,
      send('{"id":2,"unsubscribe":{"channel":"open:$N"},"subscribe":{"channel":"open:$N"}}'),
      settle,
    ),
    script('a byte order mark', send('\ufeff{"id":1,"connect":{"token":"$TOKEN"}}'), closed),
    script(
      'bytes that are not UTF-8',
      connect,
      textBytes(Buffer.from('{"id":2,"unsubscribe":{"channel":"\xff"}}', 'latin1')),
      settle,
    ),
    script('a binary frame first', binary(Buffer.from('{"id":1,"connect":{}}')), closed),
    script(
      'a binary frame that holds a JSON command',
      connect,
      binary(Buffer.from('{"id":2,"subscribe":{"channel":"open:binary"}}')),
      settle,
    ),
    script('a binary frame of noise', connect, binary(Buffer.from('00ff10', 'hex')), settle),
    script('an empty binary frame', connect, binary(Buffer.alloc(0)), settle),
    script('64 KiB', connect, send(long(65_536)), settle),
    script('64 KiB and a byte', connect, send(long(65_537)), settle),
    script('200 KB first', send('x'.repeat(200_000)), closed),
    script(
      'the largest frame that fits, of two commands',
      connect,
      send(`${long(32_768, 2)}\n${long(32_767, 3)}`),
      receive(2),
    ),
  ],
}
