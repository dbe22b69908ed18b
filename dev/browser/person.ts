import { signInHeadless } from '../oidc/sign-in.ts'
import { readForm } from './form.ts'
import { type Browser, createBrowser } from './jar.ts'

export interface PersonSignsIn {
  /** The client's authorization request. */
  readonly authorizationUrl: string | URL
  readonly email: string
  readonly organization?: string
  /** Scopes whose boxes they tick on the consent page, to leave them out. */
  readonly leaveOut?: readonly string[]
  /** Their browser; a new one if left out. */
  readonly browser?: Browser
  /** Called after each step a person would notice, with its name. */
  readonly onStep?: (step: 'consent page' | 'approval' | 'OpenID Provider' | 'callback') => void
}

/**
 * What a person does in the browser: reads the consent page, presses Continue, signs in at the OpenID Provider and is
 * sent back. Returns the authorization response at the client's redirect URI, not yet requested. Throws `Error` with
 * the page's status and heading when anything but that happens.
 */
export async function personSignsIn(options: PersonSignsIn): Promise<URL> {
  const { email, organization, browser = createBrowser(), onStep } = options
  const page = await browser.fetch(options.authorizationUrl)
  if (page.status !== 200) throw await unexpected(page, 'the consent page')
  const { action, fields } = readForm(await page.text(), new URL(options.authorizationUrl))
  onStep?.('consent page')
  for (const scope of options.leaveOut ?? []) fields.append('leave_out', scope)
  fields.set('action', 'approve')
  const approved = await browser.fetch(action, { method: 'POST', body: fields })
  const url = await redirectOf(approved, 'the approval')
  onStep?.('approval')
  const callback = await signInHeadless({
    url,
    email,
    ...(organization === undefined ? {} : { organization }),
    fetch: browser.fetch,
  })
  onStep?.('OpenID Provider')
  const answer = await redirectOf(await browser.fetch(callback), 'the callback')
  onStep?.('callback')
  return answer
}

async function redirectOf(response: Response, what: string): Promise<URL> {
  const location = response.headers.get('location')
  if (response.status !== 303 || location === null) throw await unexpected(response, what)
  return new URL(location)
}

/** With the page's heading, which says what a person would read. */
async function unexpected(response: Response, what: string): Promise<Error> {
  const [, heading = 'no heading'] = /<h1[^>]*>([^<]*)/.exec(await response.text()) ?? []
  return new Error(`${what} was answered ${response.status}: ${heading.trim()}`)
}
