import { readForm } from '../browser/form.ts'
import type { BrowserFetch } from '../browser/jar.ts'

/**
 * Signs a user out at the local OpenID Provider, which then tells its client. Resolves after the client has answered.
 *
 * @throws Error unless the provider confirms
 */
export async function signOutHeadless(issuer: string, fetch: BrowserFetch): Promise<void> {
  const page = new URL('/session/end', issuer)
  const response = await fetch(page)
  const { action, fields } = readForm(await response.text(), page)
  fields.set('logout', 'yes')
  const answer = await fetch(action, { method: 'POST', body: fields, initiator: page })
  if (answer.status !== 302 && answer.status !== 303) throw new Error(`the provider answered ${answer.status}`)
}
