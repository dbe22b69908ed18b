import type { ManifestFunction } from '../build/manifest.ts'

export interface Match {
  readonly name: string
  /** The pattern that matched, as Netlify hands it to the function. */
  readonly route?: string
  /** A file of the site at this path goes before the function (`preferStatic`). */
  readonly fileFirst?: boolean
}

/**
 * The function that Netlify would send this request to, or null. A function without a path answers at
 * `/.netlify/functions/<name>`; one with a path answers at that path only; a scheduled one can be invoked locally by POST.
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
