import { lifetimes, paths } from '../capabilities.ts'
import { AuthorizationError, type ErrorCode, PageError } from '../errors.ts'
import { subjectOf } from '../grants/record.ts'
import { parseParameters } from '../http/parameters.ts'
import { confirmPage, htmlResponse, type Page } from '../pages/index.ts'
import { type Identity, UpstreamError } from '../providers/provider.ts'
import { isRefusal, meaningOf } from '../providers/provider-words.ts'
import { cookieHeaders } from './answer-to-client.ts'
import type { AuthorizationCall, AuthorizationContext } from './context.ts'
import { codeFor, grantOf, isAlive, newCode, type SignedIn } from './issue-code.ts'
import { onPage } from './on-page.ts'
import { redirectAgain, unavailable } from './provider-redirect.ts'
import { askAnew, type ReturnAddress, returnAddressOf } from './request.ts'
import type { Confirmation, OpenTransaction, Transaction } from './transaction.ts'

/**
 * `GET /mcp/callback`: the OpenID Provider sends the person back. Only the browser that approved has the transaction
 * (F-02, A-21), and only then is the provider asked who this is; the answer becomes a code for the client. Touches no
 * store: the provider's code, the transaction and our grant are each for one use. The same request may come more than once
 * (two at a time, reloaded, by the back button): it takes no further step. Throws `PageError`.
 */
export async function callback(
  request: Request,
  context: AuthorizationContext,
  call: AuthorizationCall,
): Promise<Response> {
  const answer = new URL(request.url).searchParams
  const state = onPage('invalid-request', () => parseParameters(answer).get('state')) ?? ''
  const found = context.transactions.find(request, state)
  if (!found) {
    throw new PageError('other-browser', 'access_denied', 'this browser has no such sign-in, or it has expired')
  }
  const to = returnAddressOf(found.request, context.redirectPolicy)
  if (found.kind === 'finished') return finished(found, to, context)
  if (found.late) throw tookTooLong(found)
  // The question after the sign-in stands at this address: loaded again, it is asked again.
  if (found.kind === 'confirming') return htmlResponse(confirmationPage(state, found, context), { status: 200 })
  // The operator has changed the provider meanwhile: this code is not for the one that we know now.
  const elsewhere = found.provider !== undefined && found.provider !== context.upstream.id
  if (elsewhere) return beginAgain(found, 1, request, context, call)
  return signInOf(found, answer, to, request, context, call)
}

async function signInOf(
  transaction: Transaction,
  answer: URLSearchParams,
  to: ReturnAddress,
  browser: Request,
  context: AuthorizationContext,
  call: AuthorizationCall,
): Promise<Response> {
  const { request, login } = transaction
  try {
    const signedIn = signedInAs(await context.upstream.identify(answer, login, call.signal))
    const confirmation = { request, signedIn, grant: grantOf(signedIn.sub, transaction, context) }
    if (!context.respond.mayRedirect(to.redirect))
      return askForConfirmation(browser, login.state, confirmation, context)
    const issued = newCode(context)
    const code = codeFor(signedIn, request, confirmation.grant, issued, context)
    context.log('code_issued', { client: request.c, sub: signedIn.sub })
    return context.respond.success(to, code, context.transactions.finish(browser, login.state, confirmation, issued))
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error
    const { kind, code, message: reason } = error
    context.log('upstream_failed', { client: request.c, kind, code, reason })
    // Nothing is burnt: loading the page again asks again (F-13).
    if (kind === 'passing') throw unavailable(error)
    if (kind === 'spent') return beginAgain(transaction, error.rejected ? 2 : 1, browser, context, call)
    const end = context.transactions.end(browser, login.state)
    const told = clientError(error)
    return context.respond.failure(new AuthorizationError(to, told.code, told.description), to, call.requestId, end)
  }
}

/**
 * The provider's code is gone, and nobody was identified: only another way through the provider can help, which takes no
 * click where it remembers the person. Counted, so that it ends; and only for whoever has just approved, however long the
 * operator lets a sign-in take: later somebody else may sit at this browser.
 *
 * @param most how often for one approval
 */
async function beginAgain(
  transaction: Transaction,
  most: number,
  browser: Request,
  context: AuthorizationContext,
  call: AuthorizationCall,
): Promise<Response> {
  const { request, begunAgain, approvedAt } = transaction
  const recent = approvedAt + Math.min(context.signInLifetime, lifetimes.signIn) > Math.floor(context.now() / 1000)
  if (begunAgain >= most || !recent) {
    const description = 'the OpenID Provider does not say who signed in'
    throw new PageError('sign-in-stuck', 'temporarily_unavailable', description, undefined, askAnew(request))
  }
  const response = await redirectAgain(transaction, browser, context, call.signal)
  context.log('sign_in_begun_again', { client: request.c, times: begunAgain + 1 })
  return response
}

/** Whoever sits at this browser by now is asked by the consent page, and the client is looked up anew. */
export function tookTooLong({ request }: { readonly request: OpenTransaction['request'] }): PageError {
  return new PageError('expired', 'access_denied', 'the sign-in took too long', undefined, askAnew(request))
}

/** The client has been told: all that can be repeated is the way back to it, by a click, while the code is good. */
export function finished(
  { request, signedIn, grant, code }: Extract<OpenTransaction, { kind: 'finished' }>,
  to: ReturnAddress,
  context: AuthorizationContext,
): Response {
  return context.respond.finished(
    to,
    isAlive(code, context) ? codeFor(signedIn, request, grant, code, context) : undefined,
  )
}

function signedInAs({ issuer, sub, email, emailVerified, organization }: Identity): SignedIn {
  return {
    sub: subjectOf(issuer, sub),
    person: { email, emailVerified, organizationId: organization?.id, organizationName: organization?.name },
  }
}

/** Asks once more before a code exists: the answer would go to a host that nobody vouches for. */
function askForConfirmation(
  browser: Request,
  state: string,
  confirmation: Confirmation,
  context: AuthorizationContext,
): Response {
  const cookies = context.transactions.awaitConfirmation(browser, state, confirmation)
  context.log('confirmation_asked', { client: confirmation.request.c, sub: confirmation.signedIn.sub })
  return htmlResponse(confirmationPage(state, confirmation, context), { status: 200, headers: cookieHeaders(cookies) })
}

function confirmationPage(state: string, { request, signedIn }: Confirmation, context: AuthorizationContext): Page {
  const { email, organizationName: organization } = signedIn.person
  return confirmPage({
    brand: context.brand,
    ...(email === undefined ? {} : { email }),
    ...(organization === undefined ? {} : { organization }),
    ...(request.cn === undefined ? {} : { clientName: request.cn }),
    redirectUri: request.redirect_uri,
    action: paths.confirm,
    hiddenFields: { state },
  })
}

/** What the client is told (F-08): never the provider's own words. */
function clientError({ kind, code }: UpstreamError): { code: ErrorCode; description: string } {
  if (kind === 'invalid') return { code: 'server_error', description: 'the sign-in could not be verified' }
  if (kind === 'misconfigured') {
    return { code: 'server_error', description: 'the OpenID Provider is not set up for this service' }
  }
  const meaning = meaningOf(code ?? '')
  if (meaning === 'access_denied') {
    return { code: meaning, description: 'the person or the OpenID Provider refused the sign-in' }
  }
  if (isRefusal(meaning)) return { code: meaning, description: 'the OpenID Provider needs the person' }
  if (meaning === 'passing' && !/^server.error$/i.test(code ?? '')) {
    return { code: 'temporarily_unavailable', description: 'the OpenID Provider is temporarily unavailable' }
  }
  return { code: 'server_error', description: 'the OpenID Provider could not complete the sign-in' }
}
