/** Whether a text is a usable pattern: each `*` is a whole segment between `:` and `/` (N9). */
export function isPattern(pattern: string): boolean {
  return pattern !== '' && pattern.split(/[:/]/).every((part) => part === '*' || !part.includes('*'))
}
