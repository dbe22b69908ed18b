/** Returns how many seconds an answer may be cached, by its `Cache-Control` and within these bounds (M-11). */
export function cacheSeconds(
  cacheControl: string | null,
  { shortest, longest }: { readonly shortest: number; readonly longest: number },
): number {
  const [, seconds] = /(?:^|[\s,])max-age=(\d{1,9})/i.exec(cacheControl ?? '') ?? []
  return Math.min(Math.max(Number(seconds ?? 0), shortest), longest)
}
