import { paths } from '../capabilities.ts'
import { AuthorizationError, type ErrorCode, PageError } from '../errors.ts'
import { subjectOf } from '../grants/record.ts'
import { confirmPage, htmlResponse, type Page } from '../pages/index.ts'
import { parseParameters } from '../parameters.ts'
import { type Identity, UpstreamError } from '../upstream/upstream.ts'
import { onPage } from './checks/on-page.ts'
import type { AuthorizationCall, AuthorizationContext } from './context.ts'
import { issueCode, newGrant, type SignedIn } from './issue-code.ts'
import { type AuthorizationRequest, returnAddressOf } from './request.ts'
import { cookieHeaders } from './respond.ts'
import type { Confirmation } from './transaction.ts'

/**
 * `GET /mcp/callback`: the OpenID Provider sends the person back. Only the browser that approved has the transaction
 * (F-02, A-21), and only then is the provider asked who this is; the answer becomes a code for the client. Touches no
 * store: the provider's code, the transaction and our grant are each for one use. Throws `PageError`.
 */
export async function callback(
  request: Request,
  context: AuthorizationContext,
  call: AuthorizationCall,
): Promise<Response> {
  const answer = new URL(request.url).searchParams
  const state = onPage('invalid-request', () => parseParameters(answer).get('state')) ?? ''
  const transaction = context.transactions.find(request, state)
  if (!transaction) {
    // The question after the sign-in stands at this address: loaded again, it is asked again.
    const waiting = context.transactions.findConfirmation(request, state)
    if (waiting) return htmlResponse(confirmationPage(state, waiting, context), { status: 200 })
    throw new PageError('other-browser', 'access_denied', 'this browser has no such sign-in, or it has expired')
  }
  const to = returnAddressOf(transaction.request, context.redirectPolicy)
  const end = context.transactions.end(request, state)
  try {
    const identity = await context.upstream.identify(answer, transaction.login, call.signal)
    const signedIn = signedInAs(identity)
    if (!context.respond.mayRedirect(to.redirect)) {
      return askForConfirmation(request, state, signedIn, transaction.request, context)
    }
    const code = issueCode(signedIn, transaction.request, newGrant(signedIn.sub, context), context)
    return context.respond.success(to, code, end)
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error
    context.log('upstream_failed', {
      client: transaction.request.c,
      kind: error.kind,
      code: error.code,
      reason: error.message,
    })
    // Nothing is burnt: loading the page again asks again (F-13).
    if (error.kind === 'transient') {
      throw new PageError('sign-in-unavailable', 'temporarily_unavailable', 'the OpenID Provider did not answer')
    }
    const { code, description } = clientError(error)
    return context.respond.failure(new AuthorizationError(to, code, description), to, call.requestId, end)
  }
}

function signedInAs({ issuer, sub, email, emailVerified, organization }: Identity): SignedIn {
  return {
    sub: subjectOf(issuer, sub),
    person: {
      ...(email === undefined ? {} : { email }),
      ...(emailVerified === undefined ? {} : { ev: emailVerified }),
      ...(organization?.id === undefined ? {} : { oi: organization.id }),
      ...(organization?.name === undefined ? {} : { on: organization.name }),
    },
  }
}

/** Asks once more before a code exists: the answer would go to a host that nobody vouches for (X1). */
function askForConfirmation(
  browser: Request,
  state: string,
  signedIn: SignedIn,
  request: AuthorizationRequest,
  context: AuthorizationContext,
): Response {
  const confirmation = { request, signedIn, grant: newGrant(signedIn.sub, context) }
  const cookies = context.transactions.awaitConfirmation(browser, state, confirmation)
  context.log('confirmation_asked', { client: request.c, sub: signedIn.sub })
  return htmlResponse(confirmationPage(state, confirmation, context), {
    status: 200,
    headers: cookieHeaders(cookies),
  })
}

function confirmationPage(state: string, { request, signedIn }: Confirmation, context: AuthorizationContext): Page {
  const { email, on: organization } = signedIn.person
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
  switch (code) {
    case 'access_denied':
      return { code, description: 'the person or the OpenID Provider refused the sign-in' }
    case 'login_required':
    case 'consent_required':
    case 'interaction_required':
      return { code, description: 'the OpenID Provider needs the person' }
    case 'temporarily_unavailable':
      return { code, description: 'the OpenID Provider is temporarily unavailable' }
    default:
      return { code: 'server_error', description: 'the OpenID Provider could not complete the sign-in' }
  }
}
