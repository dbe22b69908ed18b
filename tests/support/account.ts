import { type Form, readForm } from '../../dev/browser/form.ts'
import type { Browser } from '../../dev/browser/jar.ts'
import { signInHeadless } from '../../dev/oidc/sign-in.ts'
import { createWatchedBrowser } from '../../dev/worlds/secrets.ts'
import { locationOf, newAddress } from './oauth-client.ts'

/** A page as its reader has it in the browser. */
export interface ShownPage {
  readonly url: URL
  readonly status: number
  readonly headers: Headers
  readonly html: string
  readonly heading: string
  /** The form whose button has this text. @throws Error if there is none */
  form(button: string): Form
}

/** Opens an address, and follows redirects. */
export async function open(browser: Browser, address: string | URL): Promise<ShownPage> {
  let url = new URL(address)
  let response = await browser.fetch(url)
  for (
    let location = response.headers.get('location');
    location !== null;
    location = response.headers.get('location')
  ) {
    url = new URL(location, url)
    response = await browser.fetch(url)
  }
  return shown(url, response)
}

/** Presses the button of a page. */
export async function press(browser: Browser, page: ShownPage, button: string, more: Record<string, string> = {}) {
  const { action, fields } = page.form(button)
  for (const [name, value] of Object.entries(more)) fields.set(name, value)
  const answer = await browser.fetch(action, { method: 'POST', body: fields, initiator: page.url })
  return answer.status === 303 ? open(browser, locationOf(answer)) : shown(action, answer)
}

async function shown(url: URL, response: Response): Promise<ShownPage> {
  const html = await response.text()
  const [, heading = ''] = /<h1[^>]*>([^<]*)/.exec(html) ?? []
  return {
    url,
    status: response.status,
    headers: response.headers,
    html,
    heading,
    form(button) {
      const all = html.match(/<form\b[^>]*>.*?<\/form>/gs) ?? []
      const found = all.find((one) => one.includes(`>${button}</button>`))
      if (found === undefined) throw new Error(`no button ${button} on the page ${heading}`)
      return readForm(found, url)
    },
  }
}

/** Goes to `/login` and through the OpenID Provider. @returns the URL of the callback, not yet requested */
export async function toCallback(
  issuer: string,
  { browser, email, query = 'return=/account' }: { browser: Browser; email: string; query?: string },
): Promise<URL> {
  const login = locationOf(await browser.fetch(`${issuer}/login?${query}`))
  return signInHeadless({ url: login, email, fetch: browser.fetch })
}

/** A person who has signed in to the account pages, in a browser of their own. */
export async function signInToAccount(
  issuer: string,
  options: { browser?: Browser; email?: string; query?: string } = {},
): Promise<{ readonly browser: Browser; readonly email: string; readonly page: ShownPage }> {
  const { browser = createWatchedBrowser(), email = newAddress(), query = 'return=/account' } = options
  return { browser, email, page: await open(browser, await toCallback(issuer, { browser, email, query })) }
}
