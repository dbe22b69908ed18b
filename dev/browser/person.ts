import { signInHeadless } from '../oidc/sign-in.ts'
import { type Form, readForm } from './form.ts'
import { type Browser, createBrowser } from './jar.ts'

/** The consent page as a user has it in the browser. */
export interface ConsentPage {
  /** Presses a button. @returns the answer of the broker */
  press(
    button: 'approve' | 'cancel' | `approve:${string}`,
    leaveOut?: readonly string[],
    add?: readonly string[],
    address?: string,
  ): Promise<Response>
}

/**
 * Opens the client's authorization request in the browser.
 *
 * @throws Error if anything but the consent page is shown
 */
export async function openConsentPage(browser: Browser, authorizationUrl: string | URL): Promise<ConsentPage> {
  const url = new URL(authorizationUrl)
  const page = await browser.fetch(url)
  if (page.status !== 200) throw await unexpected(page, 'the consent page')
  const form = readForm(await page.text(), url)
  return {
    press(button, leaveOut = [], add = [], address = undefined) {
      const body = pressed(form, button)
      if (address !== undefined) body.set('address', address)
      for (const scope of leaveOut) body.append('leave_out', scope)
      for (const scope of add) body.append('add', scope)
      return browser.fetch(form.action, { method: 'POST', body, initiator: url })
    },
  }
}

/**
 * Presses Continue on the page that asks once more, after the sign-in.
 *
 * @param html the page, which the broker showed at `callback`
 */
export function pressConfirm(browser: Browser, html: string, callback: URL): Promise<Response> {
  const form = readForm(html, callback)
  return browser.fetch(form.action, { method: 'POST', body: pressed(form, 'confirm'), initiator: callback })
}

function pressed({ fields }: Form, button: string): URLSearchParams {
  const body = new URLSearchParams(fields)
  body.set('action', button)
  return body
}

/** Returns where a 303 leads. @throws Error with the status and the heading of every other answer to `what` */
export async function redirectOf(response: Response, what: string): Promise<URL> {
  const location = response.headers.get('location')
  if (response.status !== 303 || location === null) throw await unexpected(response, what)
  return new URL(location)
}

/** The heading says what a user would read. */
async function unexpected(response: Response, what: string): Promise<Error> {
  const [, heading = 'no heading'] = /<h1[^>]*>([^<]*)/.exec(await response.text()) ?? []
  return new Error(`${what} was answered ${response.status}: ${heading.trim()}`)
}

export interface PersonSignsIn {
  /** The client's authorization request. */
  readonly authorizationUrl: string | URL
  readonly email: string
  readonly organization?: string
  /** Scopes whose boxes the user ticks on the consent page, to leave them out. */
  readonly leaveOut?: readonly string[]
  /** Scopes whose boxes the user ticks to add them. */
  readonly add?: readonly string[]
  /** The name of the provider whose button the user presses, where the page has several. */
  readonly provider?: string
  /** What the user enters instead, where a provider has no button. */
  readonly address?: string
  /** The user's browser; a new one if left out. */
  readonly browser?: Browser
  /** Called after each step that a user would notice, with its name. */
  readonly onStep?: (step: 'consent page' | 'approval' | 'OpenID Provider' | 'callback') => void
}

/**
 * Does what a user does in the browser: reads the consent page, presses Continue, signs in at the OpenID Provider and is
 * sent back.
 *
 * @returns the authorization response at the client's redirect URI, not yet requested
 * @throws Error with the status and the heading of the page when anything but that happens
 */
export async function personSignsIn(options: PersonSignsIn): Promise<URL> {
  const {
    authorizationUrl,
    email,
    organization = '',
    leaveOut,
    add,
    provider,
    address,
    browser = createBrowser(),
    onStep,
  } = options
  const page = await openConsentPage(browser, authorizationUrl)
  onStep?.('consent page')
  const button =
    address !== undefined ? 'approve:@' : provider === undefined ? 'approve' : (`approve:${provider}` as const)
  const url = await redirectOf(await page.press(button, leaveOut, add, address), 'the approval')
  onStep?.('approval')
  const callback = await signInHeadless({ url, email, organization, fetch: browser.fetch })
  onStep?.('OpenID Provider')
  const answer = await redirectOf(await browser.fetch(callback), 'the callback')
  onStep?.('callback')
  return answer
}
