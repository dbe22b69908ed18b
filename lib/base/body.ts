/**
 * Reads a whole body, whatever its `Content-Length` says. Returns `null` when it is longer than `most` bytes, and reads
 * no further. Throws what the stream throws.
 */
export async function readBody(
  body: AsyncIterable<Uint8Array> | null | undefined,
  most: number,
): Promise<Buffer<ArrayBuffer> | null> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body ?? []) {
    length += chunk.byteLength
    if (length > most) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
