import { wellFormed } from '../base/well-formed.ts'
import type { Page } from './layout.ts'

/** What every page is sent with. The style of the page is the only thing that its policy lets in. */
export function pageHeaders({ style }: Page): Record<string, string> {
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-language': 'en',
    'cache-control': 'no-store',
    // No `form-action`: Chromium applies it to the whole chain of redirects after the form, up to the client's own address.
    'content-security-policy': `default-src 'none'; style-src '${style.hash}'; img-src data:; frame-ancestors 'none'; base-uri 'none'`,
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    // `no-referrer` would make the consent form post `Origin: null`.
    'referrer-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  }
}

/** @param headers of the answer besides (cookies, `Retry-After`); those of `pageHeaders` win. */
export function htmlResponse(page: Page, { status, headers }: { status: number; headers?: HeadersInit }): Response {
  const all = new Headers(headers)
  for (const [name, value] of Object.entries(pageHeaders(page))) all.set(name, value)
  return new Response(wellFormed(page.html), { status, headers: all })
}
