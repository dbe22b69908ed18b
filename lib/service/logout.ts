import type { Call } from '../base/call.ts'
import { isObject } from '../base/json.ts'
import type { Limit } from '../base/rate-limit.ts'
import { jsonResponse } from '../base/well-formed.ts'
import { createCounter } from '../limits/counter.ts'
import { globalRevocationPath } from '../oauth/capabilities.ts'
import type { Sealing } from '../oauth/keys/sealing.ts'
import { deriveKey } from '../oauth/keys/secrets.ts'
import { createBackChannelLogout, logoutPath } from '../oauth/logout/back-channel-logout.ts'
import { createEndedAddresses } from '../oauth/logout/ended-addresses.ts'
import { createGlobalRevocation, revocationType } from '../oauth/logout/global-revocation.ts'
import { createVerifyToken, type VerifyToken } from '../oauth/logout/issuer.ts'
import { logoutType } from '../oauth/logout/logout-token.ts'
import type { Revoker } from '../oauth/logout/revoker.ts'
import { signOut } from '../oauth/logout/signed-out.ts'
import { isSameIssuer } from '../oauth/logout/signed-token.ts'
import { createUsedTokens } from '../oauth/logout/used-tokens.ts'
import { placeOf } from '../oauth/providers/listed-provider.ts'
import { template } from '../oauth/providers/presets/entra-issuer.ts'
import type { Privacy } from '../people/privacy/privacy.ts'
import { userKey } from '../people/users.ts'
import type { Configuration } from '../settings/configuration.ts'
import type { SignInSettings } from '../settings/sign-in.ts'
import type { Site } from '../settings/site.ts'
import type { Store } from '../store/store.ts'
import { composeAudit } from './audit.ts'
import { log } from './log.ts'
import { pseudonymsOf } from './usage-parts.ts'

const noSetting = { endsGrants: false, revokers: [] }

/** How many people one service may end. More at once is more likely a mistake or a theft than a company that closes. */
const revocations: Limit = { limit: 600, windowSeconds: 600 }

/** What the OpenID Provider and the services of `MCP_OAUTH_REVOKERS` call. */
export interface LogoutEndpoints {
  fetch(request: Request, call: Call): Promise<Response>
}

/** Composes the endpoints at which a provider ends sessions and people. */
export async function composeLogout(
  configuration: Configuration,
  signIn: SignInSettings,
  parts: { readonly site: Site; readonly store: Store; readonly sealing: Sealing; readonly privacy: Privacy },
): Promise<LogoutEndpoints> {
  const { issuer, account, trusted, logout: { endsGrants, revokers } = noSetting } = configuration
  const { provider, secrets } = signIn
  const { site, store, sealing, privacy } = parts
  const now = Date.now
  const audit = composeAudit(configuration, store)
  const use = createUsedTokens(store, now)
  const addresses = createEndedAddresses(store, sealing, now)
  const origins = [issuer, ...(account ? [account.origin] : [])]

  async function endPerson(sub: string, detail: string, at: number, signal: AbortSignal): Promise<number> {
    await audit.record({ action: 'revocation', sub, reason: 'ended-by-provider', detail }, signal)
    return (await privacy.endPerson(sub, 'ended_by_provider', signal, at)).grants
  }

  /** Finds the people who have signed in with an address. They are few. */
  async function peopleOf(email: string, signal: AbortSignal): Promise<readonly string[]> {
    const names = await pseudonymsOf(site, sealing).existing(signal)
    if (names === null) return []
    const { addressPersonKey } = await import('../people/usage/names.ts')
    const { keys } = await store.list(addressPersonKey(names.address(email), ''), signal)
    return keys.map((key) => key.slice(key.lastIndexOf('/') + 1))
  }

  /** The name of the provider whose people a service reaches, or `null` for a company's. */
  const providerOf = ({ provider: named, people }: Revoker): string | null =>
    named !== undefined ? named : provider.kind !== 'oidc' || isSameIssuer(provider.issuer, people) ? 'default' : null

  /** Whether a service reaches a person (N4). The record of the last sign-in tells the company or the provider. */
  async function reaches(revoker: Revoker, sub: string, signal: AbortSignal): Promise<boolean> {
    const user = (await store.get(userKey(sub), signal))?.value
    const organization: unknown = isObject(user?.organization) ? user.organization.id : undefined
    const company = trusted?.tenants.find(({ name }) => organization === `tenant:${name}`)
    if (company) return isSameIssuer(company.issuer, revoker.people)
    // A person in the middle of a first sign-in has no record yet.
    if (user === undefined) return revoker.provider === undefined && providerOf(revoker) === 'default'
    return (user.provider ?? 'default') === providerOf(revoker)
  }

  const handlers = new Map<string, LogoutEndpoints['fetch']>()
  // Without pages of ours there are no sessions, and a sign-out would end nothing.
  if (account !== null || endsGrants) {
    for (const { name, issuer: at, clientId } of await reportersOf(configuration, provider)) {
      const expected = { type: logoutType, issuer: at, audiences: [clientId] }
      handlers.set(
        logoutPath(name),
        createBackChannelLogout({
          verify: createVerifyToken(expected, now),
          use,
          signOut: (signedOut, signal) => signOut(store, signedOut, now(), signal),
          endGrants: endsGrants
            ? async (sub, time, signal) => void (await endPerson(sub, 'sign-out at the provider', time, signal))
            : undefined,
          log: name === undefined ? log : (event, fields) => log(event, { ...fields, provider: name }),
        }),
      )
    }
  }
  if (revokers.length > 0) {
    const audiences = origins.map((origin) => origin + globalRevocationPath)
    const verifiers = new Map<Revoker, VerifyToken>(
      revokers.flatMap((revoker) => {
        const { issuer: signer } = revoker
        if (signer === undefined) return []
        return [[revoker, createVerifyToken({ type: revocationType, issuer: signer, audiences }, now)] as const]
      }),
    )
    const key = deriveKey(secrets.current, issuer, 'limits').bytes
    const counter = createCounter({ ...revocations, store, name: 'revocations', key, now, log })
    handlers.set(
      globalRevocationPath,
      createGlobalRevocation({
        revokers,
        verifiers,
        use,
        limit: (name, signal) => counter.hit(name, signal),
        async end(reached, by, at, signal) {
          const end = (sub: string) => endPerson(sub, `revoked by ${by.name}`, at, signal)
          if ('subs' in reached) return { grants: sum(await Promise.all(reached.subs.map(end))) }
          const of = providerOf(by)
          // First of all, so that a sign-in that is recorded meanwhile finds it.
          if ('email' in reached && of !== null) {
            await addresses.end(reached.email, of === 'default' ? undefined : of, at, signal)
          }
          const named = 'email' in reached ? await peopleOf(reached.email, signal) : [reached.id]
          const theirs = await Promise.all(named.map((sub) => reaches(by, sub, signal)))
          return { grants: sum(await Promise.all(named.filter((_, index) => theirs[index]).map(end))) }
        },
        now,
        log,
      }),
    )
  }
  return {
    async fetch(request, call) {
      const handler = handlers.get(new URL(request.url).pathname)
      return handler ? handler(request, call) : jsonResponse({ error: 'not_found' }, { status: 404 })
    },
  }
}

/** The providers that can report a sign-out: those with one issuer, which signs for one client of ours. GitHub signs nothing. */
async function reportersOf({ providers }: Configuration, provider: SignInSettings['provider']) {
  const listed = providers.map(async (each) => {
    const place = await placeOf(each)
    return place === null || place.issuer.includes(template)
      ? []
      : [{ name: each.name, issuer: place.issuer, clientId: each.clientId }]
  })
  const own = provider.kind === 'oidc' ? [{ name: undefined, ...provider }] : []
  return [...own, ...(await Promise.all(listed)).flat()]
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
