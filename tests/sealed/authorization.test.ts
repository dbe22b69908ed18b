import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { createHarness, TestBrowser, token } from '../../dev/worlds/authorization-server.ts'
import { sha256 } from '../../lib/base/sha256.ts'
import { createConsentForms } from '../../lib/oauth/authorization/consent-form.ts'
import { createTransactions } from '../../lib/oauth/authorization/transaction.ts'
import { createRegistrations } from '../../lib/oauth/clients/registration.ts'
import { createRegistrationSealer } from '../../lib/oauth/clients/sealed-registration.ts'
import { createCookies } from '../../lib/oauth/http/cookies.ts'
import { createSealing } from '../../lib/oauth/keys/sealing.ts'
import { docsScopes } from '../../lib/settings/docs-resource.ts'
import fixtures from './authorization.json' with { type: 'json' }

/**
 * Client ids, consent forms and cookies that commit 8b9a7eb sealed, under a fixed secret and at a fixed time. A release that
 * cannot open them loses every registered client and every sign-in that is under way. These fixtures are never made again: a
 * new format adds fixtures of its own.
 */
const { registrations, signIns } = fixtures
const issuer = 'https://docs.example'
const secret = new Uint8Array(32).fill(7)
const secrets = { current: secret, previous: [], retired: [] }
const verifier = 'verifier-verifier-verifier-verifier-verifier'
const time = Date.UTC(2026, 10, 21) / 1000
const now = () => time * 1000
const sealing = createSealing(issuer, secrets)
const forms = createConsentForms(sealing, now)
const transactions = createTransactions({ cookies: createCookies(issuer), sealing, signInLifetime: 600, now })
const requestWith = (cookie: string) => new Request(issuer, { headers: { cookie } })

const registrationsUnder = (current: Uint8Array, retired: readonly Uint8Array[] = []) =>
  createRegistrations({
    sealer: createRegistrationSealer(createSealing(issuer, { current, previous: [], retired })),
    policy: { scopes: docsScopes.all, privateUseUris: [] },
    now,
  })

const trusted = ['https://trusted.example/callback']
const loopback = 'http://127.0.0.1:7777/callback'
const grantTypes = ['authorization_code', 'refresh_token']
const bySecret = { authenticationMethods: ['client_secret_post', 'client_secret_basic'], redirectUris: trusted }
const byKey = { authenticationMethods: ['private_key_jwt'], redirectUris: trusted }
const clients: Record<keyof typeof registrations, object> = {
  public: {
    name: 'Public client',
    authenticationMethods: ['none'],
    redirectUris: [loopback, ...trusted],
    scope: 'docs:read docs:feedback',
  },
  plain: { authenticationMethods: ['none'], redirectUris: [loopback] },
  post: { name: 'Secret client', ...bySecret, hasSecret: expect.any(Function) },
  basic: { name: 'Basic client', ...bySecret, hasSecret: expect.any(Function) },
  keys: { name: 'Key client', ...byKey, keys: { keys: registrations.keys.metadata.jwks.keys } },
  keySet: { name: 'Key set client', ...byKey, keys: { uri: 'https://client.example/keys.json' } },
  app: { name: 'App client', authenticationMethods: ['none'], redirectUris: ['warp://mcp/oauth2callback'] },
}

describe.each(Object.entries(registrations))('the client_id of a %s client', (name, { metadata, body }) => {
  const id = body.client_id
  const client = { id, hash: sha256(id), source: 'registration', grantTypes, issuedAt: time, ...clients[name as 'app'] }

  test('is opened with every member', async () => {
    const resolved = await registrationsUnder(secret).resolve(id)
    expect(resolved).toEqual(client)
    if ('client_secret' in body) expect(resolved?.hasSecret?.(body.client_secret)).toBe(true)
  })

  test('is made again, byte for byte, from the same metadata', async () => {
    expect(await registrationsUnder(secret).register(metadata)).toEqual(body)
  })

  test('is opened under a retired secret only if the client is public', async () => {
    const resolved = await registrationsUnder(new Uint8Array(32).fill(8), [secret]).resolve(id)
    const isPublic = body.token_endpoint_auth_method === 'none'
    expect(resolved).toEqual(isPublic ? { ...client, issuedAt: 0, underRetiredSecret: true } : null)
  })
})

const registered = (body: { client_id: string }) => ({ clientHash: sha256(body.client_id), clientId: body.client_id })
const common = {
  codeChallenge: sha256(verifier),
  resource: `${issuer}/mcp`,
  authenticationMethods: ['none'],
  usesRefreshTokens: true,
}
const documentUrl = 'https://client.example/mcp/client.json'
/** What each sign-in asked for. `asked` is in the consent form, `approved` in the cookies. */
const requests: Record<keyof typeof signIns, { readonly asked: object; readonly approved?: object }> = {
  loopback: {
    asked: {
      ...common,
      ...registered(registrations.public.body),
      clientName: 'Public client',
      registeredAt: time,
      redirectUri: loopback,
      state: 'client state',
      scope: 'docs:read docs:feedback',
      prompt: 'login',
    },
    approved: { scope: 'docs:read', leftOut: 'docs:feedback' },
  },
  document: {
    asked: {
      ...common,
      ...registered({ client_id: documentUrl }),
      clientName: 'Document client',
      verifiedHost: 'client.example',
      redirectUri: 'https://client.example/callback',
      state: 'x',
      scope: 'docs:read',
      prompt: 'select_account',
      authenticationMethods: ['none', 'private_key_jwt'],
      jwksUri: 'https://client.example/keys.json',
    },
  },
  app: {
    asked: {
      ...common,
      ...registered(registrations.app.body),
      clientName: 'App client',
      registeredAt: time,
      redirectUri: 'warp://mcp/oauth2callback',
      state: 'long '.repeat(500),
      scope: 'docs:read',
    },
  },
  plain: {
    asked: {
      ...common,
      ...registered(registrations.plain.body),
      registeredAt: time,
      redirectUri: loopback,
      scope: 'docs:read',
    },
  },
}
const person = {
  email: 'reader@example.com',
  emailVerified: true,
  organizationId: 'org_1',
  organizationName: 'Example Organization',
}
const sub = `u_${sha256('https://login.example/\nreader-1')}`
const signedIn = {
  signedIn: { sub, person },
  grant: { key: expect.stringContaining(`/${sub}/`), end: time + 180 * 86_400 },
}

describe.each(Object.entries(signIns))('a sign-in (%s)', (name, signIn) => {
  const { asked, approved } = requests[name as 'app']
  const request = { ...asked, ...approved }
  const { consent, transaction, outcome } = signIn
  const confirmation = 'confirmation' in signIn ? signIn.confirmation : undefined

  test('the consent form is opened with every member', () => {
    const browserHash = sha256(consent.cookies.replace(/^.*=/, ''))
    expect(forms.open(consent.form)).toEqual({ request: asked, browserHash, expired: false })
  })

  test('the transaction cookie is opened with every member', () => {
    const { cookies, state, nonce } = transaction
    expect(transactions.find(requestWith(cookies), state)).toEqual({
      kind: 'signing-in',
      request,
      login: { state, nonce, codeVerifier: expect.stringMatching(/^[\w-]{43}$/) },
      late: false,
      approvedAt: time,
      grantId: expect.stringMatching(/^[\w-]{22}$/),
      repeats: 0,
      providerId: 'harness',
    })
  })

  // Only a sign-in to an untrusted site or to an app has a confirmation.
  if (confirmation) {
    test('the confirmation cookie is opened with every member', () => {
      expect(transactions.find(requestWith(confirmation.cookies), confirmation.state)).toEqual({
        kind: 'confirming',
        request,
        ...signedIn,
        late: false,
      })
    })
  }

  test('the outcome cookie is opened with every member', () => {
    const { clientId: _, ...remembered } = { clientId: '', ...request }
    expect(transactions.find(requestWith(outcome.cookies), outcome.state)).toEqual({
      kind: 'finished',
      request: remembered,
      ...signedIn,
      code: { id: expect.stringMatching(/^[\w-]{16}$/), at: time },
    })
  })

  test('what is sealed today has the same members as what was sealed then', () => {
    const raw = (typ: string, value: string) => sealing.encrypted(typ, v.unknown(), { long: 'state' }).open(value)
    const cookieOf = (header: string, state: string) =>
      new RegExp(`tx\\.${state.replaceAll('.', '\\.')}=([^;]*)`).exec(header)?.[1] ?? ''
    const opened = forms.open(consent.form)
    const then = transactions.find(requestWith(outcome.cookies), outcome.state)
    const approvedThen = transactions.find(requestWith(transaction.cookies), transaction.state)
    if (!opened || then?.kind !== 'finished' || approvedThen?.kind !== 'signing-in') throw new Error('not opened')
    const browser = new Request(issuer)

    expect(raw('consent', forms.seal(opened.request, opened.browserHash))).toStrictEqual(raw('consent', consent.form))
    const begun = transactions.begin(approvedThen.request, 'harness', browser)
    expect(raw('transaction', cookieOf(begun.setCookies.join(), begun.login.state))).toStrictEqual({
      ...Object(raw('transaction', cookieOf(transaction.cookies, transaction.state))),
      us: begun.login.state,
      un: begun.login.nonce,
      uv: begun.login.codeVerifier,
      gi: expect.stringMatching(/^[\w-]{22}$/),
    })
    const whole = { ...then, request: approvedThen.request }
    const finished = transactions.finish(browser, outcome.state, whole, then.code).join()
    expect(raw('outcome', cookieOf(finished, outcome.state))).toStrictEqual(
      raw('outcome', cookieOf(outcome.cookies, outcome.state)),
    )
    if (!confirmation) return
    const waiting = transactions.awaitConfirmation(browser, confirmation.state, whole).join()
    expect(raw('confirmation', cookieOf(waiting, confirmation.state))).toStrictEqual(
      raw('confirmation', cookieOf(confirmation.cookies, confirmation.state)),
    )
  })

  describe('is completed by this release', () => {
    const server = createHarness({ secrets })

    function browserWith(cookies: string) {
      const browser = new TestBrowser(server)
      for (const cookie of cookies.split('; ')) {
        const [cookieName = '', ...value] = cookie.split('=')
        browser.cookies.set(cookieName, value.join('='))
      }
      const post = (path: string, form: Record<string, string>) =>
        browser.open(path, {
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded', origin: issuer },
          body: new URLSearchParams(form),
        })
      /** The sign-in from the callback on. */
      async function back(state: string) {
        const answer = await browser.open(`/mcp/callback?${new URLSearchParams({ state, code: 'upstream-code' })}`)
        return answer.headers.get('location') ?? (await confirmIn(state))
      }
      const confirmIn = async (state: string) =>
        (await post('/oauth/confirm', { state, action: 'confirm' })).headers.get('location') ?? ''
      return { open: browser.open.bind(browser), post, back, confirmIn }
    }

    async function redeem(location: string) {
      const { client_id, redirect_uri } = v.parse(v.looseObject({ client_id: v.string(), redirect_uri: v.string() }), {
        client_id: 'clientId' in asked ? asked.clientId : '',
        redirect_uri: 'redirectUri' in asked ? asked.redirectUri : '',
      })
      const answer = new URL(location).searchParams
      expect(location.startsWith(redirect_uri)).toBe(true)
      expect(answer.get('state')).toBe('state' in asked ? asked.state : null)
      const form = { grant_type: 'authorization_code', client_id, redirect_uri, code_verifier: verifier }
      return token(createHarness({ secrets }), { ...form, code: answer.get('code') ?? '' })
    }
    const issued = { status: 200, body: { refresh_token: expect.any(String) } }

    test('from the consent page', async () => {
      const browser = browserWith(consent.cookies)
      const approval = await browser.post('/oauth/approve', { request: consent.form, action: 'approve' })
      const state = new URL(approval.headers.get('location') ?? '').searchParams.get('state') ?? ''
      expect(await redeem(await browser.back(state))).toMatchObject(issued)
    })

    test('from the OpenID Provider', async () => {
      const location = await browserWith(transaction.cookies).back(transaction.state)
      expect(await redeem(location)).toMatchObject(issued)
    })

    if (confirmation) {
      test('from the confirmation page, with the same code', async () => {
        const location = await browserWith(confirmation.cookies).confirmIn(confirmation.state)
        expect(location).toBe(outcome.location)
        expect(await redeem(location)).toMatchObject(issued)
      })
    }

    test('from the page of the finished sign-in, with the same code', async () => {
      const page = await browserWith(outcome.cookies).open(`/mcp/callback?state=${outcome.state}`)
      expect((await page.text()).replaceAll('&amp;', '&')).toContain(`href="${outcome.location}"`)
      expect(await redeem(outcome.location)).toMatchObject(issued)
    })
  })
})
