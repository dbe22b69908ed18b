import { wellFormed } from '../base/well-formed.ts'
import type { Page } from './layout.ts'

/** Returns the headers of every page (A-18). Its content security policy allows only the style and the logo of the page, and its scripts if it has any. */
export function pageHeaders({ style, scripts = '' }: Page): Record<string, string> {
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-language': 'en',
    'cache-control': 'no-store',
    // No `form-action`: Chromium applies it to every redirect after the form, the one to the client included.
    'content-security-policy': `default-src 'none'; style-src '${style.hash}'; img-src data:${style.logo && ` ${style.logo}`}; frame-ancestors 'none'; base-uri 'none'${scripts}`,
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    // With `no-referrer` the consent form would send `Origin: null`.
    'referrer-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    // No `cross-origin-opener-policy`: web clients open the sign-in in a popup, and it would take away their `window.opener`.
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  }
}

/**
 * Sends a page.
 *
 * @param headers more headers, such as cookies and `Retry-After`; those of `pageHeaders` override them
 */
export function htmlResponse(page: Page, { status, headers }: { status: number; headers?: HeadersInit }): Response {
  const all = new Headers(headers)
  for (const [name, value] of Object.entries(pageHeaders(page))) all.set(name, value)
  return new Response(wellFormed(page.html), { status, headers: all })
}
