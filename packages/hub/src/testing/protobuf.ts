/** A Protobuf message out of its length-delimited and numeric fields. */
export function message(...fields: (readonly [number, number | string | Uint8Array])[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([field, value]) => {
      if (typeof value === 'number') return [Buffer.from([field << 3, value])]
      const bytes = Buffer.from(value)
      return [Buffer.from([(field << 3) | 2]), length(bytes.length), bytes]
    }),
  )
}

function length(bytes: number): Buffer {
  return bytes < 128 ? Buffer.from([bytes]) : Buffer.from([(bytes & 127) | 128, bytes >> 7])
}

/** A message behind its length. */
export function delimited(bytes: Buffer): Buffer {
  return Buffer.concat([length(bytes.length), bytes])
}
