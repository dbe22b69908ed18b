import { htmlResponse } from '../../pages/html-response.ts'
import type { Page } from '../../pages/layout.ts'
import { paths } from '../capabilities.ts'
import { PageError } from '../errors.ts'
import { subjectOf } from '../grants/record.ts'
import { parseParameters } from '../http/parameters.ts'
import { type Identity, ProviderError } from '../providers/provider.ts'
import type { FlowCall, Trail } from '../trail.ts'
import { AuthorizationError, cookieHeaders } from './answer-to-client.ts'
import { type ReturnAddress, requireStillAllowed } from './checks.ts'
import type { AuthorizationContext } from './context.ts'
import { codeFor, grantOf, isAlive, newCode, requireScope } from './issue-code.ts'
import { onPage } from './on-page.ts'
import { unavailable } from './provider-redirect.ts'
import { knownOf, startAgainPath } from './request.ts'
import type { signInAgain as SignInAgain } from './sign-in-again.ts'
import type { SignedIn } from './signed-in.ts'
import type { Confirmation, OpenTransaction, Transaction } from './transaction.ts'

/**
 * `GET /mcp/callback`: the OpenID Provider sends the browser back. Only the browser that approved has the transaction
 * (F-02, A-21). Only then does the provider tell who signed in, and the client gets a code. Uses no store: the provider's
 * code, the transaction and the grant can each be used once. The same request may come again (twice at once, reloaded, or
 * by the back button); it then takes no further step. Throws `PageError`.
 */
export async function callback(request: Request, context: AuthorizationContext, call: FlowCall): Promise<Response> {
  const { trail } = call
  trail.at('callback')
  const answer = new URL(request.url).searchParams
  const state = onPage('invalid-request', () => parseParameters(answer).get('state')) ?? ''
  const found = context.transactions.find(request, state)
  // Transactions of the other purpose do not open here (N5).
  if (!found && context.sessionCallback) return context.sessionCallback(request, call)
  if (!found) throw noSuchSignIn()
  learnFrom(found, trail)
  const to = requireStillAllowed(found.request, context)
  if (found.kind === 'finished') return finished(found, to, context, trail)
  if (found.late) throw tookTooLong(found)
  // The confirmation page stands at this address. A reload shows it again.
  if (found.kind === 'confirming') return htmlResponse(await confirmationPage(state, found, context), { status: 200 })
  const own = context.choice ? (await context.choice()).contextOf(found, request) : context
  // The operator has changed the provider meanwhile. This code belongs to the earlier one.
  const elsewhere = found.providerId !== undefined && found.providerId !== own.provider.id
  if (elsewhere) return signInAgain(found, 1, request, own, call)
  return finishSignIn(found, answer, to, request, own, call)
}

/** Tells the trail what a browser's open sign-in knows. */
export function learnFrom(found: OpenTransaction, trail: Trail): void {
  trail.learn(knownOf(found.request))
  if (found.kind !== 'signing-in') trail.learn({ ...found.signedIn, grant: found.grant.key })
}

export const noSuchSignIn = () =>
  new PageError('other-browser', 'access_denied', 'this browser has no such sign-in, or it has expired')

async function finishSignIn(
  transaction: Transaction,
  answer: URLSearchParams,
  to: ReturnAddress,
  browser: Request,
  context: AuthorizationContext,
  call: FlowCall,
): Promise<Response> {
  const { trail } = call
  const { request, login } = transaction
  const client = request.clientHash
  try {
    const identity = await context.provider.identify(answer, login, call.signal)
    const signedIn = signedInAs(identity, context.provider.name)
    const confirmation = { request, signedIn, grant: grantOf(signedIn.sub, transaction, context) }
    trail.learn({ ...signedIn, grant: confirmation.grant.key })
    requireScope(signedIn, request, transaction.approvedAt, context)
    await context.vault?.keep(confirmation.grant.key, identity, call.signal)
    if (!context.respond.mayRedirect(to.redirect)) {
      trail.record('confirmation', 'ok')
      return askForConfirmation(browser, login.state, confirmation, context)
    }
    const issued = newCode(context)
    const code = codeFor(signedIn, request, confirmation.grant, issued, context)
    context.log('code_issued', { client, sub: signedIn.sub })
    trail.record('code', 'ok')
    return context.respond.success(to, code, context.transactions.finish(browser, login.state, confirmation, issued))
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    const { kind, code, message: reason } = error
    context.log('upstream_failed', { client, kind, code, reason })
    trail.at('provider')
    // The provider's code is still valid: a reload of the page asks the provider again (F-13).
    if (kind === 'passing') throw unavailable(error, context)
    if (kind === 'spent') return signInAgain(transaction, error.rejected ? 2 : 1, browser, context, call)
    const { clientError } = await import('./client-error.ts')
    const told = clientError(error, startAgainPath(request), context.brand)
    const end = context.transactions.end(browser, login.state)
    trail.record('provider', kind === 'refused' ? 'refused' : 'failed', { reason: kind, detail: told.description })
    return context.respond.failure(new AuthorizationError(to, told.code, told.description), trail.reference, end)
  }
}

/** Sends the browser to the provider again. Its code is loaded when a provider's code is spent. */
const signInAgain = async (...of: Parameters<typeof SignInAgain>): Promise<Response> =>
  (await import('./sign-in-again.ts')).signInAgain(...of)

/** The error of a late sign-in. Starting again asks on the consent page, since another user may sit at this browser by now. */
export function tookTooLong({ request }: { readonly request: OpenTransaction['request'] }): PageError {
  return new PageError('expired', 'access_denied', 'the sign-in took too long', { again: startAgainPath(request) })
}

/** Answers a sign-in whose client has its code. The page repeats that answer, by a click, while the code is valid. */
export function finished(
  { request, signedIn, grant, code }: Extract<OpenTransaction, { kind: 'finished' }>,
  to: ReturnAddress,
  context: AuthorizationContext,
  { reference }: Trail,
): Promise<Response> {
  const repeated = isAlive(code, context) ? codeFor(signedIn, request, grant, code, context) : undefined
  return context.respond.finished(to, repeated, reference)
}

/** @param provider its name. Absent: the default provider */
export function signedInAs(
  { issuer, sub, email, emailVerified, organization, roleMarks }: Identity,
  provider: string | undefined,
): SignedIn {
  return {
    sub: subjectOf(issuer, sub),
    person: {
      email,
      emailVerified,
      organizationId: organization?.id,
      organizationName: organization?.name,
      roleMarks,
      provider,
    },
  }
}

/** Shows the confirmation page before a code exists, because the operator does not trust the host of the client. */
async function askForConfirmation(
  browser: Request,
  state: string,
  confirmation: Confirmation,
  context: AuthorizationContext,
): Promise<Response> {
  const cookies = context.transactions.awaitConfirmation(browser, state, confirmation)
  const { request, signedIn } = confirmation
  context.log('confirmation_asked', { client: request.clientHash, sub: signedIn.sub })
  const page = await confirmationPage(state, confirmation, context)
  return htmlResponse(page, { status: 200, headers: cookieHeaders(cookies) })
}

async function confirmationPage(
  state: string,
  { request, signedIn }: Confirmation,
  { brand }: AuthorizationContext,
): Promise<Page> {
  const { confirmPage } = await import('../pages/confirm.ts')
  const { email, organizationName: organization } = signedIn.person
  const { clientName, redirectUri, attempt } = request
  return confirmPage({
    brand,
    email,
    organization,
    clientName,
    redirectUri,
    action: paths.confirm,
    attempt,
    hiddenFields: { state },
  })
}
