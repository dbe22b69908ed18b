import { readForm } from '../browser/form.ts'
import type { BrowserFetch } from '../browser/jar.ts'

export interface HeadlessSignIn {
  /** Where our server sent the browser: the provider's authorization endpoint. */
  readonly url: string | URL
  readonly email: string
  readonly organization?: string
  /** Presses "Cancel" instead. */
  readonly cancel?: boolean
  /** One person's browser. */
  readonly fetch: BrowserFetch
}

const maxSteps = 10

/**
 * Goes through the local OpenID Provider's pages as a person would: fills in its form where it asks, and does not
 * where it knows the browser.
 *
 * @returns where the provider sends the browser back to, not yet requested
 * @throws Error if the provider shows anything but its form
 */
export async function signInHeadless(options: HeadlessSignIn): Promise<URL> {
  const { email, organization = '', cancel = false, fetch } = options
  const start = new URL(options.url)
  let url = start
  let response = await fetch(url)
  for (let step = 0; step < maxSteps; step++) {
    const location = response.headers.get('location')
    if (location !== null) {
      url = new URL(location, url)
      if (url.origin !== start.origin) return url
      response = await fetch(url)
      continue
    }
    if (response.status !== 200) throw new Error(`the OpenID Provider answered ${response.status} at ${url.pathname}`)
    const { action, fields } = readForm(await response.text(), url)
    fields.set('email', email)
    fields.set('organization', organization)
    fields.set('action', cancel ? 'cancel' : 'sign-in')
    url = action
    response = await fetch(url, { method: 'POST', body: fields })
  }
  throw new Error('the OpenID Provider does not come to an end')
}
