import { readForm } from '../browser/form.ts'
import type { BrowserFetch } from '../browser/jar.ts'

export interface HeadlessSignIn {
  /** The address to which our server sent the browser: the provider's authorization endpoint. */
  readonly url: string | URL
  readonly email: string
  readonly organization?: string
  /** Presses "Cancel" instead. */
  readonly cancel?: boolean
  /** The user's browser. */
  readonly fetch: BrowserFetch
}

const maxSteps = 10

/**
 * Goes through the local OpenID Provider's pages as a user would. It fills in the form if the provider shows one, which
 * the provider does unless it knows the browser.
 *
 * @returns the address to which the provider sends the browser back; it is not requested yet
 * @throws Error if the provider shows anything except its form
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
