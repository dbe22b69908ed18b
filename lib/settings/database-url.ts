import { loopbackHosts } from './urls.ts'

/**
 * Checks the URL of a PostgreSQL database. Where the server is on another machine, it must say whether the connection is
 * encrypted: clients do not encrypt by themselves. `%2F` begins the path of a socket.
 */
export function isDatabaseUrl(value: string): boolean {
  const url = URL.parse(value)
  if (!url || !/^postgres(?:ql)?:$/.test(url.protocol) || url.pathname.length < 2 || /[\s<>"{}|\\^`]/.test(value))
    return false
  if (loopbackHosts.has(url.hostname) || /^%2f/i.test(url.hostname)) return true
  return (
    url.hostname !== '' && /^(?:disable|require|verify-ca|verify-full)$/.test(url.searchParams.get('sslmode') ?? '')
  )
}
