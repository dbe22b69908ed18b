import type { Log } from '../../base/log.ts'
import type { Brand } from '../../pages/brand.ts'
import { htmlResponse } from '../../pages/html-response.ts'
import { seeOther } from '../authorization/answer-to-client.ts'
import { noSuchSignIn, signedInAs } from '../authorization/callback.ts'
import { clientError } from '../authorization/client-error.ts'
import { onPage } from '../authorization/on-page.ts'
import { readOwnForm } from '../authorization/own-form.ts'
import { providerOfAddress, requireOwnCallback } from '../authorization/provider-choice.ts'
import { unavailable } from '../authorization/provider-redirect.ts'
import { accountPaths, lifetimes, loginPath } from '../capabilities.ts'
import { PageError } from '../errors.ts'
import { createCookies } from '../http/cookies.ts'
import { type Parameters, parseParameters } from '../http/parameters.ts'
import type { Sealing } from '../keys/sealing.ts'
import { providerSession } from '../logout/logout-token.ts'
import type { SessionFlow } from '../options.ts'
import { type Identity, type OfferedProvider, type Provider, ProviderError } from '../providers/provider.ts'
import type { FlowCall } from '../trail.ts'
import { createSessionTransactions, type SessionRequest, type SessionTransaction } from './session-transaction.ts'

/** Signs browsers in to our own pages. No client is involved, and no code exists. */
export interface SessionSignIn {
  /**
   * `GET /login`: sends the browser to the OpenID Provider. `return` is a path of our own pages (N17); anything else counts as
   * `/account`. With `fresh=true`, the provider must ask the person to sign in, even if it remembers them. Among several providers,
   * `provider` names one, and a `POST` of our own page may have an `address` instead: it is in no URL. Throws `PageError`.
   */
  login(request: Request, call: FlowCall): Promise<Response>
  /**
   * The callback of a sign-in that began at `/login`. Only the browser that began it can finish (F-02), and only then does the
   * provider tell who signed in. Ends in a session cookie. A callback that comes twice takes no second step. Throws `PageError`.
   */
  callback(request: Request, call: FlowCall): Promise<Response>
}

export interface SessionSignInOptions extends SessionFlow {
  readonly brand: Brand
  readonly sealing: Sealing
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly log: Log
}

/** Seconds. A provider that understands `max_age` asks a person who signed in earlier than this. */
const freshFor = 600

export function createSessionSignIn(options: SessionSignInOptions): SessionSignIn {
  const { origin, providers, now, log } = options
  const transactions = createSessionTransactions(createCookies(origin), options.sealing, now)
  const seconds = () => Math.floor(now() / 1000)

  /** Sends the browser to the provider. Only this answer sets the transaction's cookie. */
  async function redirect(
    begun: ReturnType<typeof transactions.begin>,
    { fresh }: SessionRequest,
    provider: Provider,
    call: FlowCall,
  ) {
    try {
      const prompt = fresh ? 'login' : undefined
      const location = await provider.authorizationUrl(begun.login, prompt, call.signal, fresh ? freshFor : undefined)
      return seeOther(location.href, begun.setCookies)
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error
      logFailure(error)
      throw unavailable(error, { brand: brandOf(provider) })
    }
  }

  /** The brand, with the name of one of several providers. */
  const brandOf = (provider: Provider): Brand => ({
    ...options.brand,
    provider: providers?.find(({ id }) => id === provider.id)?.label ?? options.brand.provider,
  })

  /** The provider that a request to `/login` names. `null`: the person must choose one of several. */
  function wantedProvider(parameters: Parameters, address: string | undefined): Provider | null {
    if (!providers || providers.length === 1) return options.provider
    if (address !== undefined) return providerOfAddress(address, providers) ?? null
    const name = onPage('invalid-request', () => parameters.get('provider'))
    return providers.find((each) => (each.name ?? 'default') === name) ?? null
  }

  /** Asks the person which of several providers to use. */
  async function askWhich(offered: readonly OfferedProvider[], wanted: SessionRequest, address: string | undefined) {
    const { chooseProviderPage } = await import('../pages/choose-provider.ts')
    const page = chooseProviderPage({ brand: options.brand, providers: offered, fields: loginFields(wanted), address })
    return htmlResponse(page, { status: 200 })
  }

  function logFailure({ kind, code, message: reason }: ProviderError): void {
    log('session_sign_in_failed', { kind, code, reason })
  }

  /** Sends the browser to the provider again after a code was lost, as for codes: bounded, and only soon after the beginning. */
  async function again(
    transaction: SessionTransaction,
    provider: Provider,
    most: number,
    request: Request,
    call: FlowCall,
  ) {
    if (transaction.repeats >= most) throw failed(transaction)
    return redirect(transactions.beginAgain(transaction, provider.id, request), transaction, provider, call)
  }

  /** Returns when the person signed in at the provider. Absent if the provider does not say, and did not have to ask. */
  function signedInAt({ signedInAt: told }: Identity, { fresh }: SessionTransaction): number | undefined {
    if (told !== undefined) return Math.min(told, seconds())
    return fresh ? seconds() : undefined
  }

  return {
    async login(request, call) {
      call.trail.at('session')
      const isPosted = request.method === 'POST'
      const parameters = isPosted
        ? await readOwnForm(request, origin)
        : parseParameters(new URL(request.url).searchParams)
      const wanted = {
        back: returnPath(onPage('invalid-request', () => parameters.get('return'))),
        fresh: onPage('invalid-request', () => parameters.get('fresh')) === 'true',
      }
      const address = isPosted ? onPage('invalid-request', () => parameters.get('address') ?? '') : undefined
      const provider = wantedProvider(parameters, address)
      if (provider) return redirect(transactions.begin(wanted, provider.id, request), wanted, provider, call)
      return askWhich(providers ?? [], wanted, address)
    },

    async callback(request, call) {
      call.trail.at('callback')
      const answer = new URL(request.url).searchParams
      const state = onPage('invalid-request', () => parseParameters(answer).get('state')) ?? ''
      const found = transactions.find(request, state)
      if (!found) throw noSuchSignIn()
      call.trail.at('session')
      if (found.finished) return seeOther(origin + found.back)
      if (found.begunAt + lifetimes.signIn <= seconds()) {
        throw new PageError('login-expired', 'access_denied', 'the sign-in took too long', { again: loginUrl(found) })
      }
      // The operator has changed the provider meanwhile. This code belongs to the earlier one.
      const provider = providers ? providers.find(({ id }) => id === found.providerId) : options.provider
      if (!provider) throw failed(found)
      if (found.providerId !== provider.id) return again(found, provider, 1, request, call)
      requireOwnCallback(request, { provider })
      try {
        const identity = await provider.identify(answer, found.login, call.signal)
        const signedIn = signedInAs(identity, provider.name)
        const start = {
          ...signedIn,
          provider: identity.issuer,
          signedInAt: signedInAt(identity, found),
          begunAt: found.begunAt,
          providerSession:
            identity.sessionId === undefined ? undefined : providerSession(identity.issuer, identity.sessionId),
        }
        const cookie = await options.start(start)
        if (options.record) call.waitUntil(options.record(start))
        log('session_started', { sub: signedIn.sub, fresh: found.fresh })
        call.trail.learn(signedIn)
        call.trail.record('session', 'ok')
        return seeOther(origin + found.back, [...transactions.finish(found, request), cookie])
      } catch (error) {
        if (!(error instanceof ProviderError)) throw error
        logFailure(error)
        // The provider's code is still valid: a reload of the page asks the provider again (F-13).
        if (error.kind === 'passing') throw unavailable(error, { brand: brandOf(provider) })
        if (error.kind === 'spent') return again(found, provider, error.rejected ? 2 : 1, request, call)
        if (error.kind === 'unsuitable') clientError(error, loginUrl(found), brandOf(provider))
        throw failed(found)
      }
    },
  }
}

function failed(transaction: SessionTransaction): PageError {
  const description = 'the OpenID Provider did not confirm who signed in'
  return new PageError('login-failed', 'access_denied', description, { again: loginUrl(transaction) })
}

const loginFields = ({ back, fresh }: SessionRequest): Record<string, string> => ({
  return: back,
  ...(fresh && { fresh: 'true' }),
})

const loginUrl = (wanted: SessionRequest) => `${loginPath}?${new URLSearchParams(loginFields(wanted))}`

/** Characters. The cookie of the sign-in holds the path, and all cookies of a browser must fit into 8 KB (N20). */
const longestReturn = 1024

/** Returns the path to return to: one of our own pages. Browsers read `//host`, `/\host` and tabs as another host. */
export function returnPath(asked: string | undefined): string {
  const { account, admin } = accountPaths
  if (asked === undefined || asked.length > longestReturn || !/^\/[\w.~%!$&'()*+,;=:@/?-]*$/.test(asked)) return account
  const url = URL.parse(asked, 'https://ours.invalid')
  if (url?.origin !== 'https://ours.invalid') return account
  const isOurs = [account, admin].some((path) => url.pathname === path || url.pathname.startsWith(`${path}/`))
  return isOurs ? url.pathname + url.search : account
}
