/** Attributes of a span or a data point. A member that is `undefined` is absent. */
export type Attributes = { readonly [name: string]: string | number | undefined }

/** What may be sent of a value: a word of the program, never what a caller wrote. Everything else becomes `other`. */
export const word = (value: unknown): string =>
  typeof value === 'string' && /^[A-Za-z][\w .:-]{0,39}$/.test(value) ? value : 'other'

/** The kind of an error: its own reason if it has one of our words, or its name. */
export function errorType(error: unknown): string {
  if (!(error instanceof Error)) return 'other'
  return word('reason' in error ? error.reason : error.name)
}

/** The status of an answer, whatever kind of answer it is. */
export function statusOf(result: unknown): number | undefined {
  const status = typeof result === 'object' && result !== null && 'status' in result ? result.status : undefined
  return typeof status === 'number' ? status : undefined
}
