/** Whether a text is a host as in a canonical URL: lower case, no wildcard, no trailing dot, a port only if it is unusual. */
export function isHost(text: string): boolean {
  const url = URL.parse(`https://${text}/`)
  return url?.host === text && /^[a-z0-9_[\]:.-]*[a-z0-9\]]$/.test(url.hostname)
}
