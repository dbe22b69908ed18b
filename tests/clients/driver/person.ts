import { openConsentPage, pressConfirm } from '../../../dev/browser/person.ts'
import { signInHeadless } from '../../../dev/oidc/sign-in.ts'
import { createWatchedBrowser } from '../../../dev/worlds/secrets.ts'
import { locationOf } from '../../support/oauth-client.ts'
import { check } from './check.ts'

/** The user at the browser that the client opens. Each sign-in uses a new browser. */
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
  // The broker asks once more if the operator does not trust the host of the redirect URI.
  return wayBack(html.includes('<form') ? await pressConfirm(browser, html, callback) : page)
}

/** Returns the URL of the redirect, or of the button on the page, which a custom scheme needs. */
async function wayBack(response: Response): Promise<URL> {
  if (response.status === 303) return locationOf(response)
  const [, href = ''] = /<a class="button[^"]*" href="([^"]*)"/.exec(await response.text()) ?? []
  const url = URL.parse(href.replaceAll('&amp;', '&'))
  check(response.status === 200 && url !== null, `the user gets a page with status ${response.status}`)
  return url
}
