import { deflateRawSync, inflateRawSync } from 'node:zlib'

/** Bytes of JSON up to which a text stays among the other members. Most texts are shorter. */
const inline = 1024

/** Ends the JSON of the other members, which contains no line break. */
const lineBreak = 0x0a

/** Bytes of an inflated text: 4,096 characters of at most four bytes each. */
const maxInflated = 4 * 4096

/**
 * Encodes a payload as JSON. A long text member follows the JSON, compressed. It is compressed alone, never together with a
 * secret, so that the size of the sealed value reveals only how compressible that text is.
 */
export function encodePayload(payload: unknown, member: string | undefined): string | Uint8Array {
  if (member === undefined || typeof payload !== 'object') return JSON.stringify(payload)
  const [, text] = Object.entries(payload ?? {}).find(([name]) => name === member) ?? []
  if (typeof text !== 'string' || Buffer.byteLength(JSON.stringify(text)) <= inline) return JSON.stringify(payload)
  const others = JSON.stringify({ ...payload, [member]: undefined })
  return Buffer.concat([Buffer.from(`${others}\n`), deflateRawSync(Buffer.from(text))])
}

/** Decodes the bytes that `encodePayload` made. Throws for any others. */
export function decodePayload(bytes: Buffer, member: string | undefined): unknown {
  const end = member === undefined ? -1 : bytes.indexOf(lineBreak)
  if (member === undefined || end === -1) return JSON.parse(bytes.toString('utf8'))
  const others: unknown = JSON.parse(bytes.toString('utf8', 0, end))
  const text = inflateRawSync(bytes.subarray(end + 1), { maxOutputLength: maxInflated }).toString('utf8')
  return { ...(typeof others === 'object' ? others : {}), [member]: text }
}
