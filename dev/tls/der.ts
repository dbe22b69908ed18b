/** The little of DER (ITU-T X.690) that a certificate needs. */

function element(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag, ...length(body.length)]), body])
}

function length(bytes: number): number[] {
  if (bytes < 0x80) return [bytes]
  return bytes < 0x100 ? [0x81, bytes] : [0x82, bytes >> 8, bytes & 0xff]
}

export const der = {
  sequence: (...parts: readonly Uint8Array[]) => element(0x30, ...parts),
  set: (...parts: readonly Uint8Array[]) => element(0x31, ...parts),
  /** Context-specific and constructed, `[number]`. */
  tagged: (number: number, ...parts: readonly Uint8Array[]) => element(0xa0 | number, ...parts),
  /** Context-specific and primitive. */
  implicit: (number: number, bytes: Uint8Array) => element(0x80 | number, bytes),
  /** Big-endian, in as few bytes as possible; the first bit is the sign. */
  integer: (bytes: Uint8Array) => element(0x02, bytes),
  true: element(0x01, Buffer.from([0xff])),
  octets: (bytes: Uint8Array) => element(0x04, bytes),
  bits: (bytes: Uint8Array, unused = 0) => element(0x03, Buffer.from([unused]), bytes),
  text: (value: string) => element(0x0c, Buffer.from(value)),
  /** UTCTime: until 2049. */
  time: (date: Date) =>
    element(
      0x17,
      Buffer.from(
        `${date
          .toISOString()
          .replace(/[-:T]|\..*/g, '')
          .slice(2)}Z`,
      ),
    ),
  /** Already encoded, as hexadecimal digits. */
  oid: (hex: string) => element(0x06, Buffer.from(hex, 'hex')),
}
