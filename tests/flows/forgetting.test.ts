import { setTimeout } from 'node:timers/promises'
import { decodeJwt } from 'jose'
import { expect, onTestFinished, test, vi } from 'vitest'
import { times } from '../../dev/worlds/times.ts'
import { createSealing } from '../../lib/oauth/keys/sealing.ts'
import { lastSeenKey } from '../../lib/people/privacy/last-seen.ts'
import { privacyOf } from '../../lib/service/privacy.ts'
import { pseudonymsOf } from '../../lib/service/usage-parts.ts'
import { readConfiguration } from '../../lib/settings/configuration.ts'
import { press, signInToAccount } from '../support/account.ts'
import { callMcp, newAddress, obtainCode, obtainTokens, registerClient, tokensOf } from '../support/oauth-client.ts'
import { type Stack, startStack, testOnBlobs } from '../support/stack.ts'
import { scanStores } from '../support/store-scan.ts'

/** Collections whose keys lead to a person, and whose records say nothing more about them. The salt of the audit log is a secret. */
const saysOnlyItsKey = ['audit-salts', 'company-people', 'people-by-address', 'people-since']

const { signal } = new AbortController()
const minute = 60_000
/** Milliseconds to wait for what is written after an answer. */
const patience = { timeout: 20_000, interval: 200 }
const storeName = 'mcp-oauth-broker'

/** What runs the jobs, so many milliseconds from now. */
function privacyLater(stack: Stack, milliseconds: number) {
  const storeNamed = (name: string) => stack.store(name)
  const store = storeNamed(storeName)
  const site = { issuer: stack.url, storeName, production: false }
  const configuration = readConfiguration(stack.environment, site)
  if (!configuration.signIn) throw new Error('sign-in is out of service')
  const sealing = createSealing(stack.url, configuration.signIn.secrets)
  return privacyOf(configuration, configuration.signIn, {
    store,
    events: { of: (day) => storeNamed(`${storeName}-usage-${day}`) },
    pseudonyms: pseudonymsOf(site, sealing, store),
    sealing,
    now: () => Date.now() + milliseconds,
  })
}

/** Signs in with two clients, asks, refreshes, and opens the account page. Returns who that was. */
async function liveHere(stack: Stack) {
  const { url: issuer, mcpUrl } = stack
  const email = newAddress()
  for (const name of ['Editor', 'Terminal']) {
    const client = await registerClient(issuer, name)
    const { accessToken, refreshToken } = await obtainTokens(client, email)
    expect((await callMcp(mcpUrl, accessToken)).status).toBe(200)
    tokensOf(await client.refresh(refreshToken))
  }
  await signInToAccount(issuer, { email })
  const sub = await vi.waitFor(async () => {
    const { findings } = await scanStores(stack, [email])
    const key = findings.find(({ key }) => key.startsWith('users/'))?.key
    // Everything that is written after an answer has been written.
    expect(findings.map(({ key }) => key.split('/')[0])).toEqual(expect.arrayContaining(['users', 'outbox']))
    return key?.split('/')[1] ?? expect.fail()
  }, patience)
  return { email, local: email.split('@')[0] ?? '', sub }
}

test.each([
  ['sealed', {}],
  ['in clear', { MCP_PEOPLE_SEALED: 'none' }],
])(
  'MCP_PEOPLE_SEALED: a person whose address is %s leaves nothing once they are forgotten: no record, no key and no sealed value names them [N3]',
  async (form, settings) => {
    const stack = await startStack({ hosts: 2, settings })
    onTestFinished(() => stack.stop())
    // The messages about new people wait in the outbox.
    stack.crm.faults.webhook = { kind: 'status', status: 503, times: 1000 }
    const ada = await liveHere(stack)
    const bob = await liveHere(stack)
    const texts = [ada.email, ada.local, ada.sub, ada.sub.slice(2)]

    const before = await scanStores(stack, texts)
    expect(before.unopened).toEqual([])
    const inUser = before.findings.filter(({ key, text }) => key === `users/${ada.sub}` && text === ada.email)
    expect(inUser.map(({ where }) => where)).toEqual([form === 'sealed' ? 'sealed' : 'value'])
    const keys = [...new Set(before.findings.map(({ key }) => key))]
    const collections = new Set(keys.map((key) => key.split('/')[0]))
    expect([...collections]).toEqual(expect.arrayContaining(['grants', 'connections', 'users', 'last-seen', 'outbox']))

    const disclosed = JSON.stringify(await privacyLater(stack, 0).disclose(ada.sub, signal))
    expect(disclosed).toContain(ada.email)
    expect(disclosed).not.toContain(bob.email)
    // Every record that names the person is in the list of places.
    const undisclosed = keys.filter((key) => !disclosed.includes(key))
    expect(undisclosed.filter((key) => !saysOnlyItsKey.includes(key.split('/')[0] ?? ''))).toEqual([])
    const pseudonym = keys.find((key) => key.startsWith('people/'))?.split('/')[1] ?? expect.fail()
    // The events of the sign-in, and the record of the pseudonym.
    expect((await scanStores(stack, [pseudonym])).findings.length).toBeGreaterThan(4)

    const query = 'return=/account/delete&fresh=true'
    const { browser, page } = await signInToAccount(stack.url, { email: ada.email, query })
    const asked = await press(browser, page, 'Delete my data', { sure: 'yes' })
    expect(asked.heading).toBe('Your data is being deleted')
    await privacyLater(stack, 11 * minute).runJobs(signal)
    await privacyLater(stack, 10 * 60 * minute).runJobs(signal)
    expect(await privacyLater(stack, 0).forgetting(ada.sub, signal)).toBe('none')

    const after = await scanStores(stack, [...texts, pseudonym])
    expect([after.findings, after.unopened]).toEqual([[], []])
    const others = await scanStores(stack, [bob.email, bob.sub])
    expect(others.findings.map(({ key }) => key)).toContain(`users/${bob.sub}`)
  },
)

test('MCP_KEEP_PEOPLE_DAYS: the maintenance has people forgotten who have not signed in for so long [N3]', async () => {
  const stack = await startStack({ settings: { MCP_KEEP_PEOPLE_DAYS: '90' } })
  onTestFinished(() => stack.stop())
  const store = stack.store(storeName)
  const seconds = Math.floor(Date.now() / 1000)
  for (const [sub, days] of [
    ['u_old', 200],
    ['u_recent', 10],
  ] as const) {
    const lastSeenAt = seconds - days * 86_400
    await store.put(`users/${sub}`, { domain: 'example.com', firstSeenAt: lastSeenAt, lastSeenAt }, signal)
    await store.put(lastSeenKey(sub, lastSeenAt), {}, signal)
  }
  await fetch(`${stack.url}/.netlify/functions/maintenance`, { method: 'POST' })
  expect(await privacyLater(stack, 0).forgetting('u_old', signal)).toBe('waiting')
  expect(await privacyLater(stack, 0).forgetting('u_recent', signal)).toBe('none')
  await privacyLater(stack, 11 * minute).runJobs(signal)
  expect([await store.get('users/u_old', signal), (await store.get('users/u_recent', signal)) !== null]).toEqual([
    null,
    true,
  ])
})

testOnBlobs(
  'a user who is ended in the middle of a sign-in has no live grant afterwards, on two instances, in many rounds [N2]',
  async () => {
    const stack = await startStack({ hosts: 2 })
    onTestFinished(() => stack.stop())
    const store = stack.store(storeName)
    const client = await registerClient(stack.url)
    stack.emulator.setLatency(3)
    const answers: number[] = []
    for (let round = 0; round < times(4, 8); round++) {
      const email = newAddress()
      const { accessToken } = await obtainTokens(client, email)
      const { sub = '' } = decodeJwt(accessToken)
      const { request, code } = await obtainCode(client, email)
      const redeem = async () => {
        // The redemption begins at another point of the end in each round.
        await setTimeout((16 / times(4, 8)) * round)
        answers.push((await client.redeem(request, code)).status)
      }
      await Promise.all([redeem(), privacyLater(stack, 0).endPerson(sub, 'test', signal)])
      await vi.waitFor(async () => {
        const keys = (await store.list('grants/', signal)).keys.filter((key) => key.includes(sub))
        const grants = await Promise.all(keys.map((key) => store.get(key, signal)))
        expect(grants.length).toBeGreaterThan(0)
        expect(grants.map((grant) => grant?.value.revokedAt)).not.toContain(undefined)
      }, patience)
    }
    expect(answers.filter((status) => status === 400).length).toBeGreaterThan(0)
    expect(answers.filter((status) => status !== 200 && status !== 400)).toEqual([])
  },
)
