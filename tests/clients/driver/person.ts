import { readForm } from '../../../dev/browser/form.ts'
import { signInHeadless } from '../../../dev/oidc/sign-in.ts'
import { createWatchedBrowser } from '../../../dev/worlds/secrets.ts'
import { locationOf, openConsentPage } from '../../support/oauth-client.ts'
import { check } from './check.ts'

/** Someone at the browser that the client has opened; each time in a new one. */
export interface Person {
  readonly email: string
  readonly decides: 'approve' | 'cancel'
}

/** @returns the authorization response at the client's redirect URI, not yet requested */
export async function personAnswers(authorizationUrl: URL, { email, decides }: Person): Promise<URL> {
  const browser = createWatchedBrowser()
  const consent = await openConsentPage(browser, authorizationUrl)
  const decided = await consent.press(decides)
  if (decides === 'cancel') return wayBack(decided)
  const callback = await signInHeadless({ url: locationOf(decided), email, fetch: browser.fetch })
  const page = await browser.fetch(callback)
  if (page.status !== 200) return wayBack(page)
  const html = await page.clone().text()
  if (!html.includes('<form')) return wayBack(page)
  // A host that the operator does not vouch for: one question more.
  const { action, fields } = readForm(html, callback)
  fields.set('action', 'confirm')
  return wayBack(await browser.fetch(action, { method: 'POST', body: fields }))
}

/** Where the browser goes by itself, or where the page's button leads to: an app's own scheme takes a click. */
async function wayBack(response: Response): Promise<URL> {
  if (response.status === 303) return locationOf(response)
  const [, href = ''] = /<a class="button[^"]*" href="([^"]*)"/.exec(await response.text()) ?? []
  const url = URL.parse(href.replaceAll('&amp;', '&'))
  check(response.status === 200 && url !== null, `the person is shown a page with status ${response.status}`)
  return url
}
