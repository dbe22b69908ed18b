/**
 * The canonical form of an ETag, which is compared, put into tokens and sent: without `W/` and quotes, which gateways add
 * and remove (RFC 9110 §8.8.3; a gateway that compresses weakens the ETag of a read). Empty if there is no ETag.
 */
export function toVersion(etag: string | undefined): string {
  return (etag ?? '')
    .trim()
    .replace(/^W\//, '')
    .replace(/^"+|"+$/g, '')
}

/** The version as a strong entity tag, for `If-Match`. */
export function toEntityTag(version: string): string {
  return `"${version}"`
}
