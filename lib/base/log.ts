/**
 * Writes one event to the log; `lib/service/log.ts` makes the function that writes JSON lines. Values are short. Ids appear as
 * hashes. A token, code, verifier, cookie or secret never appears, not even in part.
 */
export type Log = (event: string, fields?: LogFields) => void
export type LogFields = { readonly [name: string]: string | number | boolean | undefined }
