import { randomBytes } from 'node:crypto'
import { sha256 } from '../../base/sha256.ts'
import type { Cookies } from '../http/cookies.ts'

/**
 * Binds the consent form to the browser that was shown the page, by a random cookie (C-08). If the browser has
 * the cookie already, it keeps it, so that two tabs work, and a page that is loaded twice. This cookie never satisfies the
 * callback: only approval sets the one that does (C-10).
 */
export type BrowserBinding = ReturnType<typeof createBrowserBinding>

const form = /^[A-Za-z0-9_-]{43}$/

export function createBrowserBinding(cookies: Cookies) {
  const name = cookies.name('browser')
  const present = (request: Request) => {
    const value = cookies.read(request).get(name)
    return value !== undefined && form.test(value) ? value : undefined
  }
  return {
    /** Returns the hash to bind the form to, and the cookie to set if the browser has none yet. */
    bind(request: Request) {
      const existing = present(request)
      if (existing !== undefined) return { hash: sha256(existing), setCookie: undefined }
      const value = randomBytes(32).toString('base64url')
      return { hash: sha256(value), setCookie: cookies.set(name, value) }
    },
    /** Compares the browser with the one that the form was bound to. `other`: it has a cookie, but another one. `unknown`: it has none. */
    compare(request: Request, hash: string): 'same' | 'other' | 'unknown' {
      const existing = present(request)
      if (existing === undefined) return 'unknown'
      return sha256(existing) === hash ? 'same' : 'other'
    },
  }
}
