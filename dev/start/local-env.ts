import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { defined } from '../../lib/base/defined.ts'
import { sha256 } from '../../lib/base/sha256.ts'
import { newSecret } from '../../lib/settings/secrets.ts'
import { isNamed, isOurs, knownNames } from '../../lib/settings/table.ts'
import { kapaToolName } from '../kapa/server.ts'
import { CannotStart } from './cannot-start.ts'
import { parseEnvFile } from './env-file.ts'

export type Settings = Readonly<Record<string, string>>

/** Settings that belong together: if the operator sets one of them, the local world sets none. */
const providerNames = [
  'UPSTREAM_ISSUER',
  'REDPANDA_OAUTH_ISSUER',
  'UPSTREAM_CLIENT_ID',
  'REDPANDA_OAUTH_CLIENT_ID',
  'UPSTREAM_CLIENT_SECRET',
]
const kapaNames = ['KAPA_MCP_SERVER_URL', 'KAPA_API_URL', 'KAPA_API_KEY']
const hubNames = ['MCP_API_HUB_URL', 'MCP_API_DOCS_URL']
const databaseNames = ['DATABASE_URL', 'NETLIFY_DB_URL', 'NETLIFY_DATABASE_URL']

const hasAny = (settings: Settings, names: readonly string[]) => names.some((name) => name in settings)

/** Whether the local world needs a database of its own: PostgreSQL is a store, and the operator names none. */
export const needsDatabase = ({ STORE_BACKEND, STORE_MOVING_FROM, ...settings }: Settings = {}) =>
  [STORE_BACKEND, STORE_MOVING_FROM].includes('postgres') && !hasAny(settings, databaseNames)

/**
 * Whether the local world needs private pages of its own: the vault is on, its provider is the local one, and the operator names no
 * other pages.
 */
export const needsPrivatePages = (settings: Settings = {}) =>
  'MCP_VAULT_KEYS' in settings && !('MCP_PRIVATE_PAGES_URL' in settings) && !hasAny(settings, providerNames)

/** The token with which `npm run store -- copy` works on this machine. */
export const copyTokenOf = (adminToken: string) => sha256(`copy\n${adminToken}`)

/** The secret with which the CRM verifies messages, as Standard Webhooks writes it. */
export const crmSecret = 'whsec_bG9jYWwtY3JtLXNlY3JldC1vZi10aGlzLW1hY2hpbmUh'

/** The email address of the local admin, whom the local OpenID Provider signs in like every user. */
export const localAdminEmail = 'admin@docs.example'

/** The key that the Kapa stand-in accepts. */
export const kapaApiKey = 'local-kapa-key'

/** The addresses of the local world's parts. */
export interface LocalParts {
  readonly url: string
  readonly secret: string
  /** Reads and acts at `/admin/api`. */
  readonly adminToken: string
  readonly siteId: string
  readonly provider: { readonly issuer: string; readonly clientId: string }
  readonly kapa: { readonly url: string }
  readonly crm: { readonly url: string }
  readonly hub: { readonly url: string; readonly docsUrl: string }
  readonly forms: { readonly url: string }
  /** The private pages, where a tool searches them. */
  readonly privatePages?: { readonly url: string } | undefined
  /** The local database, where the store is PostgreSQL. */
  readonly database?: { readonly url: string } | undefined
}

/**
 * Returns the environment of the functions in the local world. The operator's own settings win. Where settings belong
 * together, one of the operator's own replaces all of them.
 */
export function localEnvironment(world: LocalParts, settings: Settings = {}): Record<string, string> {
  const ownKapa = hasAny(settings, kapaNames)
  const ownProvider = hasAny(settings, providerNames)
  const ownHub = hasAny(settings, hubNames)
  const byRest = 'KAPA_PROJECT_ID' in settings
  return {
    URL: world.url,
    SITE_ID: world.siteId,
    SITE_NAME: 'local',
    MCP_OAUTH_ISSUER: world.url,
    MCP_OAUTH_SECRET: world.secret,
    MCP_OAUTH_OWN_HOST: 'true',
    MCP_FEEDBACK_FORM_PATH: world.forms.url,
    CRM_WEBHOOK_URL: world.crm.url,
    CRM_WEBHOOK_SECRET: crmSecret,
    REQUIRE_AUTH: 'true',
    MCP_OAUTH_LIMIT_EXEMPT: '127.0.0.0/8,::1/128',
    ...defined({
      UPSTREAM_ISSUER: ownProvider ? undefined : world.provider.issuer,
      UPSTREAM_CLIENT_ID: ownProvider ? undefined : world.provider.clientId,
      // The address proves something only at the local provider, which is the default one beside others.
      MCP_ADMINS: ownProvider ? undefined : `${'MCP_PROVIDERS' in settings ? 'default ' : ''}${localAdminEmail}`,
      KAPA_API_KEY: ownKapa ? undefined : kapaApiKey,
      // The two ways to ask Kapa exclude each other.
      KAPA_API_URL: ownKapa || !byRest ? undefined : new URL(world.kapa.url).origin,
      KAPA_MCP_SERVER_URL: ownKapa || byRest ? undefined : world.kapa.url,
      KAPA_TOOL_NAME: ownKapa || byRest ? undefined : kapaToolName,
      MCP_API_HUB_URL: ownHub ? undefined : world.hub.url,
      MCP_API_DOCS_URL: ownHub ? undefined : world.hub.docsUrl,
      MCP_PRIVATE_PAGES_URL: world.privatePages?.url,
      MCP_STORE_COPY_TOKEN: 'STORE_MOVING_FROM' in settings ? copyTokenOf(world.adminToken) : undefined,
      DATABASE_URL: needsDatabase(settings) ? world.database?.url : undefined,
    }),
    ...settings,
    // Beside the operator's own, so that npm run admin works without any setting.
    MCP_ADMIN_WRITE_TOKEN: [settings.MCP_ADMIN_WRITE_TOKEN, world.adminToken].filter(Boolean).join(', '),
  }
}

export type OwnPart =
  | 'issuer'
  | 'OpenID Provider'
  | 'Kapa'
  | 'API reference'
  | 'feedback form'
  | 'CRM'
  | 'optional sign-in'
  | 'limited registration'

/** Returns the parts of the local world that the operator's own settings replace. */
export function ownParts(settings: Settings, url: string): readonly OwnPart[] {
  const { MCP_OAUTH_ISSUER: issuer = url, REQUIRE_AUTH: required = 'true' } = settings
  const parts: readonly (readonly [OwnPart, boolean])[] = [
    ['issuer', issuer !== url],
    ['OpenID Provider', hasAny(settings, providerNames)],
    ['Kapa', hasAny(settings, [...kapaNames, 'KAPA_TOOL_NAME'])],
    ['API reference', hasAny(settings, hubNames)],
    ['feedback form', 'MCP_FEEDBACK_FORM_PATH' in settings],
    ['CRM', 'CRM_WEBHOOK_URL' in settings],
    ['optional sign-in', required !== 'true' || settings.MCP_LAZY_AUTH === 'true'],
    ['limited registration', hasAny(settings, ['MCP_OAUTH_DCR', 'MCP_OAUTH_REGISTRATION_TOKEN'])],
  ]
  return parts.flatMap(([part, isOwn]) => (isOwn ? [part] : []))
}

/** The variables that Node reads itself: which certificates it trusts, and which proxy it uses. */
export const isOfNode = (name: string) =>
  /^(?:NODE_(?:EXTRA_CA_CERTS|USE_SYSTEM_CA|USE_ENV_PROXY)|SSL_CERT_(?:FILE|DIR)|(?:HTTPS?|NO)_PROXY)$/i.test(name)

/** Whether a variable of the shell is for the functions. One that looks like a setting is passed on to be reported. */
const isForFunctions = (name: string) => knownNames.has(name) || isOurs(name) || isOfNode(name)

/**
 * Returns the operator's own settings: everything in `.env`, and from the environment all settings of the table and the
 * variables of Node. The environment wins. An empty setting is not set, as in a copied example. An empty setting in the
 * environment removes the one in `.env`.
 *
 * @param file path of the `.env` file, which need not exist
 * @throws CannotStart naming every line that cannot be read
 */
export async function personalSettings(environment: NodeJS.ProcessEnv, file: string): Promise<Settings> {
  const { settings: inFile, problems } = parseEnvFile(await readIfThere(file))
  if (problems.length > 0) throw new CannotStart(`${file}: ${problems.join('; ')}.`)
  const inShell = Object.entries(environment).filter(([name]) => isForFunctions(name) || name in inFile)
  const settings: Record<string, string> = {}
  for (const [name, value] of Object.entries({ ...inFile, ...Object.fromEntries(inShell) })) {
    if (value !== undefined && value.trim() !== '') settings[name] = value
  }
  return settings
}

/** Returns the names of settings that no code reads: probably misspelled. */
export const unknownSettings = (settings: Settings): readonly string[] =>
  Object.keys(settings).filter((name) => !knownNames.has(name) && !isNamed(name, settings) && !isOfNode(name))

/** @throws CannotStart */
async function readIfThere(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw new CannotStart(`${file} cannot be read: ${error.message}`)
  })
}

/** Returns the secret of this working copy. A restart keeps users signed in. */
export const keptSecret = (directory: string): Promise<string> => kept(directory, 'secret')

/** Returns the token with which `npm run admin` reads and acts here. */
export const keptAdminToken = (directory: string): Promise<string> => kept(directory, 'admin-token')

/** Returns a secret of this working copy. It is made once, and only its owner can read it. */
async function kept(directory: string, name: string): Promise<string> {
  await mkdir(directory, { recursive: true })
  const file = join(directory, name)
  await writeFile(file, `${newSecret()}\n`, { flag: 'wx', mode: 0o600 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  const secret = (await readFile(file, 'utf8')).trim()
  if (/^[A-Za-z0-9_-]{43}$/.test(secret)) return secret
  throw new CannotStart(`${file} is damaged. Remove it (all users sign in again), or run: npm run reset`)
}
