import { createHash } from 'node:crypto'
import type { JWTHeaderParameters } from 'jose'
import { createMemoryStore } from '../../lib/store/memory.ts'
import {
  createSigningIssuer,
  idJagClaims,
  idJagHeader,
  type SigningIssuer,
  workflowClaims,
} from '../issuers/signing-issuer.ts'
import { createHarness, redirectUri } from './authorization-server.ts'
import { basic, type Form, issuer, post } from './proving-clients.ts'

export const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
export const portal = 'docs-portal'
const secret = 'the secret of the portal, which is long enough'
export const github = 'https://token.actions.githubusercontent.com'

export const portalClient = {
  client_id: portal,
  client_name: 'Docs portal',
  grant_types: ['authorization_code', jwtBearer, 'client_credentials'],
  redirect_uris: [redirectUri],
  client_secret_sha256: createHash('sha256').update(secret).digest('hex'),
}

export const tenant = {
  name: 'acme',
  title: 'Acme Corporation',
  issuer: 'https://acme.okta.example',
  domains: ['acme.example'],
}
export const workload = {
  name: 'docs-ci',
  issuer: github,
  claims: { repository: 'acme/docs', repository_owner_id: '65', ref: 'refs/heads/main' },
}
export const machine = { name: 'nightly', client: portal }

/** Made once: an RSA key costs more than a whole test. */
const issuers = {
  company: createSigningIssuer(tenant.issuer),
  platform: createSigningIssuer(github, { alg: 'RS256' }),
  stranger: createSigningIssuer('https://evil.example'),
}

type Claims = Readonly<Record<string, unknown>>
type Header = Partial<JWTHeaderParameters>

/** A server that trusts a company and two machines, and issuers that sign what a test wants. */
export async function assertionWorld(options: Parameters<typeof createHarness>[0] = {}) {
  const [company, platform, stranger] = await Promise.all([issuers.company, issuers.platform, issuers.stranger])
  const published = new Map<string, object>()
  const publish = (of: SigningIssuer, metadata: object = {}, keys?: object) => {
    const uri = `${of.issuer}/keys`
    published.set(`${of.issuer}/.well-known/openid-configuration`, { issuer: of.issuer, jwks_uri: uri, ...metadata })
    published.set(uri, keys ?? of.keySet)
  }
  for (const each of [company, platform, stranger]) publish(each)
  const store = options.store ?? createMemoryStore()
  const server = createHarness({
    issuer,
    store,
    configured: [portalClient],
    assertions: { tenants: [tenant], machines: [workload, machine] },
    issuerDocuments: (url) => published.get(url),
    ...options,
  })
  const now = () => Math.floor(server.clock / 1000)

  /** An ID-JAG of the company, with these changes. */
  const idJag = (claims: Claims = {}, header: Header = {}, by = company) =>
    by.sign({ ...idJagClaims(company, issuer, portal, now()), ...claims }, { ...idJagHeader, ...header })
  /** A workflow's token, with these changes. */
  const workflow = (claims: Claims = {}, header: Header = {}, by = platform) =>
    by.sign({ ...workflowClaims(platform, issuer, now()), ...claims }, header)

  /** Sends an assertion as the portal, which authenticates by its secret. */
  const present = (assertion: string, more: Form = {}, authorization: string | undefined = basic(portal, secret)) =>
    post(server, { grant_type: jwtBearer, assertion, ...more }, authorization)
  /** Sends the token of a workload, which authenticates by nothing. */
  const work = (assertion: string, more: Form = {}) => post(server, { grant_type: jwtBearer, assertion, ...more })
  const credentials = (more: Form = {}, authorization: string | undefined = basic(portal, secret)) =>
    post(server, { grant_type: 'client_credentials', ...more }, authorization)

  /** The reasons of the refusals so far, as the log has them. */
  const reasons = () => server.log.filter(({ event }) => event === 'assertion_refused').map(({ fields }) => reasonIn(fields)) // biome-ignore format: one line
  const claimsOf = (token = '') => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  return { server, store, company, platform, stranger, publish, now, idJag, workflow, present, work, credentials, reasons, claimsOf } // biome-ignore format: one line
}

const reasonIn = (fields: object) => ('reason' in fields ? fields.reason : undefined)
