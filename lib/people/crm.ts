import { startDeadline } from '../base/deadline.ts'
import type { Log } from '../base/log.ts'
import { toJson, wellFormedTexts } from '../base/well-formed.ts'
import type { SignIn } from './sign-in.ts'

export interface CrmPost {
  readonly url: string
  readonly signIn: SignIn
  readonly domain: string | undefined
  /** Issuer of the preview; `undefined`: not a preview. */
  readonly preview: string | undefined
  /** Milliseconds. */
  readonly timeout: number
  readonly fetch: typeof fetch
  readonly log: Log
  readonly signal: AbortSignal
}

/**
 * Tells the CRM about a new user: a JSON object {email, domain, sub, emailVerified, organization, source, timestamp}
 * (F-000-80). `emailVerified` is null if the OpenID Provider did not say (F-000-72). From a preview `source` is
 * `mcp-preview`, and `preview` names it. Never throws: a CRM that fails is logged. The CRM's answer is not read.
 */
export async function postToCrm({ url, signIn, domain, preview, timeout, fetch, log, signal }: CrmPost): Promise<void> {
  const deadline = startDeadline(timeout, signal)
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: toJson(
        wellFormedTexts({
          email: signIn.email,
          domain,
          sub: signIn.sub,
          emailVerified: signIn.emailVerified ?? null,
          organization: signIn.organization,
          source: preview === undefined ? 'mcp' : 'mcp-preview',
          preview,
          timestamp: new Date(signIn.at * 1000).toISOString(),
        }),
      ),
      // A redirect would turn the POST into a GET without a body, and look like a success.
      redirect: 'error',
      signal: deadline.signal,
    })
    await response.body?.cancel()
    if (!response.ok) log('crm_webhook_failed', { sub: signIn.sub, status: response.status })
  } catch (error) {
    log('crm_webhook_failed', { sub: signIn.sub, reason: error instanceof Error ? error.name : 'unknown' })
  } finally {
    deadline.end()
  }
}
