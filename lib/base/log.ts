/**
 * The shape of a log function; `lib/service/log.ts` makes the one that writes JSON lines.
 * Values are short. Ids appear as hashes; a token, code, verifier, cookie or secret never appears, not even partly.
 */
export type Log = (event: string, fields?: LogFields) => void
export type LogFields = { readonly [name: string]: string | number | boolean | undefined }
