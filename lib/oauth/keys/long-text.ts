import { deflateRawSync, inflateRawSync } from 'node:zlib'

/** Bytes of JSON up to which a text stays among the other members: most never need more, and every release reads that. */
const inline = 1024

/** Ends the JSON of the other members, which holds no line break of its own. */
const lineBreak = 0x0a

/** Of what one text inflates to: 4,096 characters of at most four bytes. */
const maxInflated = 4 * 4096

/**
 * A payload as JSON; a long text member is compressed and follows it. Alone, never together with anything secret, so that
 * the size of the sealed value tells only of that text.
 */
export function encodePayload(payload: unknown, member: string | undefined): string | Uint8Array {
  if (member === undefined || typeof payload !== 'object') return JSON.stringify(payload)
  const [, text] = Object.entries(payload ?? {}).find(([name]) => name === member) ?? []
  if (typeof text !== 'string' || Buffer.byteLength(JSON.stringify(text)) <= inline) return JSON.stringify(payload)
  const others = JSON.stringify({ ...payload, [member]: undefined })
  return Buffer.concat([Buffer.from(`${others}\n`), deflateRawSync(Buffer.from(text))])
}

/** What `encodePayload` was given. Throws for bytes that it did not make. */
export function decodePayload(bytes: Buffer, member: string | undefined): unknown {
  const end = member === undefined ? -1 : bytes.indexOf(lineBreak)
  if (member === undefined || end === -1) return JSON.parse(bytes.toString('utf8'))
  const others: unknown = JSON.parse(bytes.toString('utf8', 0, end))
  const text = inflateRawSync(bytes.subarray(end + 1), { maxOutputLength: maxInflated }).toString('utf8')
  return { ...(typeof others === 'object' ? others : {}), [member]: text }
}
