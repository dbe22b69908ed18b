const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** The method of a request, or `_OTHER` as the semantic conventions say: a caller may invent one. */
export const methodOf = (method: string) => (methods.has(method) ? method : '_OTHER')

/**
 * Makes a function that finds the route of a URL. A route is a path, or a path and `/*`. `undefined` for an unknown path, which
 * may hold anything that a caller wrote.
 */
export function createRoutes(routes: readonly string[]): (url: string) => string | undefined {
  const whole = new Set(routes)
  const prefixes = routes.filter((route) => route.endsWith('/*')).sort((a, b) => b.length - a.length)
  return (url) => {
    const path = URL.parse(url)?.pathname.replace(/(?<=.)\/$/, '')
    if (path === undefined) return undefined
    return whole.has(path) ? path : prefixes.find((prefix) => path.startsWith(prefix.slice(0, -1)))
  }
}
