import { expect, test } from 'vitest'
import { readConfiguration } from './configuration.ts'
import { newSecret } from './secrets.ts'

const complete = { MCP_OAUTH_SECRET: newSecret(), UPSTREAM_CLIENT_ID: 'client', KAPA_API_KEY: 'key' }
const production = { issuer: 'https://docs.example', storeName: 's', production: true }
const preview = { issuer: 'https://p--docs.netlify.app', storeName: 'p', production: false, preview: true }
const own = { MCP_OAUTH_OWN_HOST: 'true' }
const apart = { MCP_ACCOUNT_ORIGIN: 'https://account.docs.example' }

const read = (env: Readonly<Record<string, string>>, site = production) =>
  readConfiguration({ ...complete, ...env }, site)

test('the account pages are at the issuer, at an origin of their own, or nowhere [N13]', () => {
  expect(read({}).account).toBeNull()
  expect(read(own).accountUrl).toBe('https://docs.example/account')
  expect(read(apart).accountUrl).toBe('https://account.docs.example/account')
  expect(read({ ...own, ...apart }).accountUrl).toBe('https://account.docs.example/account')
})

test('a preview has them only if the service has its host for itself: it never answers for production’s origin', () => {
  expect(read(own, preview).accountUrl).toBe('https://p--docs.netlify.app/account')
  expect(read(apart, preview).account).toBeNull()
  expect(read({ ...own, ...apart }, preview).account).toBeNull()
})

test.each([
  ['the issuer', { MCP_ACCOUNT_ORIGIN: 'https://docs.example' }],
  ['a proxy’s host', { ...apart, MCP_OAUTH_PROXY_HOSTS: 'account.docs.example' }],
  ['another scheme than the issuer’s', { MCP_ACCOUNT_ORIGIN: 'http://localhost:8888' }],
])('an origin of their own that is %s closes the account pages, and nothing else', (_, env) => {
  const { account, accountUrl, signIn, outOfService } = read(env)
  expect([account, accountUrl, [...outOfService]]).toEqual([null, undefined, ['account']])
  expect(signIn).not.toBeNull()
})

test('pages that may ask who is signed in are on the domain of the account pages [N17]', () => {
  const origins = (list: string, env = own) => read({ ...env, MCP_SESSION_ORIGINS: list })
  expect(origins('https://www.docs.example, https://a.b.docs.example').account?.sessionOrigins).toHaveLength(2)
  for (const other of ['https://docs.other', 'https://notdocs.example', 'https://example']) {
    expect(origins(`https://www.docs.example, ${other}`).account).toBeNull()
  }
})

test('an admin of another provider than the only one is a mistake [N6]', () => {
  const admins = (list: string) => read({ ...own, MCP_ADMINS: list, UPSTREAM_ISSUER: 'https://login.example/' })
  expect(admins('https://login.example ada@docs.example').problems).toEqual([])
  expect(admins('https://other.example ada@docs.example').account).toBeNull()
})
