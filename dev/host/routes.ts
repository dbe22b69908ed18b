import type { ManifestFunction } from '../build/manifest.ts'

export interface Match {
  readonly name: string
  /** The matching pattern, as Netlify passes it to the function. */
  readonly route?: string
  /** Whether a file of the site at this path wins over the function (`preferStatic`). */
  readonly fileFirst?: boolean
}

/**
 * Finds the function to which Netlify would send this request, or null. A function without a path answers at
 * `/.netlify/functions/<name>`. A function with a path answers only there. A scheduled function can be invoked locally
 * by POST.
 */
export function matchRoute(functions: readonly ManifestFunction[], path: string, method: string): Match | null {
  for (const { name, routes, excludedRoutes, schedule } of functions) {
    if (routes.length === 0) {
      if (path === `/.netlify/functions/${name}` && (schedule === undefined || method === 'POST')) return { name }
      continue
    }
    if (excludedRoutes.some((route) => matches(route, path))) continue
    const route = routes.find(
      (route) => matches(route, path) && (route.methods.length === 0 || route.methods.includes(method)),
    )
    if (route) return { name, route: route.pattern, fileFirst: route.prefer_static === true }
  }
  return null
}

function matches(route: ManifestFunction['routes'][number], path: string): boolean {
  if (route.literal !== undefined) return route.literal === path
  return route.expression !== undefined && new RegExp(route.expression).test(path)
}
