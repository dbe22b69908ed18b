import { randomBytes } from 'node:crypto'
import { sha256 } from '../../base/sha256.ts'
import type { Cookies } from '../http/cookies.ts'

/**
 * Which browser the consent page was shown in: a random cookie that the page sets, kept if present, so that two tabs
 * and a page loaded twice both work (C-08). It never satisfies the callback: only approval sets what does (C-10).
 */
export interface BrowserBinding {
  /** What the consent form is bound to, and the cookie to set if the browser has none yet. */
  bind(request: Request): { readonly hash: string; readonly setCookie?: string }
  /**
   * Whether the request comes from the browser that the form was bound to: `yes`; `other`, a browser of ours, but with
   * another cookie; `unknown`, one that has none.
   */
  compare(request: Request, hash: string): 'yes' | 'other' | 'unknown'
}

const form = /^[A-Za-z0-9_-]{43}$/

export function createBrowserBinding(cookies: Cookies): BrowserBinding {
  const name = cookies.name('browser')
  const present = (request: Request) => {
    const value = cookies.read(request).get(name)
    return value !== undefined && form.test(value) ? value : undefined
  }
  return {
    bind(request) {
      const existing = present(request)
      if (existing !== undefined) return { hash: sha256(existing) }
      const value = randomBytes(32).toString('base64url')
      return { hash: sha256(value), setCookie: cookies.set(name, value) }
    },
    compare(request, hash) {
      const existing = present(request)
      if (existing === undefined) return 'unknown'
      return sha256(existing) === hash ? 'yes' : 'other'
    },
  }
}
