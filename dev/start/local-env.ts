import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isOurs } from '../../lib/settings/configuration.ts'
import { newSecret } from '../../lib/settings/secrets.ts'
import { kapaToolName } from '../kapa/server.ts'
import { CannotStart } from './cannot-start.ts'
import { parseEnvFile } from './env-file.ts'

export type Settings = Readonly<Record<string, string>>

const upstreamNames = [
  'UPSTREAM_ISSUER',
  'REDPANDA_OAUTH_ISSUER',
  'UPSTREAM_CLIENT_ID',
  'REDPANDA_OAUTH_CLIENT_ID',
  'UPSTREAM_CLIENT_SECRET',
]
const kapaNames = ['KAPA_MCP_SERVER_URL', 'KAPA_API_URL', 'KAPA_API_KEY']
const hubNames = ['MCP_API_HUB_URL', 'MCP_API_DOCS_URL']

const hasAny = (settings: Settings, names: readonly string[]) => names.some((name) => name in settings)

/** The key that the Kapa stand-in takes. */
export const kapaApiKey = 'local-kapa-key'

/**
 * The functions' environment in the local world. A setting of the person's own wins; where two settings belong
 * together, theirs replaces both.
 */
export function localEnvironment(world: {
  readonly url: string
  readonly secret: string
  readonly siteId: string
  readonly provider: { readonly issuer: string; readonly clientId: string }
  readonly kapa: { readonly url: string }
  readonly crm: { readonly url: string }
  readonly hub: { readonly url: string; readonly docsUrl: string }
  readonly forms: { readonly url: string }
  readonly settings?: Settings
}): Record<string, string> {
  const { settings = {} } = world
  return {
    URL: world.url,
    SITE_ID: world.siteId,
    SITE_NAME: 'local',
    MCP_OAUTH_ISSUER: world.url,
    MCP_OAUTH_SECRET: world.secret,
    ...(!hasAny(settings, upstreamNames) && {
      UPSTREAM_ISSUER: world.provider.issuer,
      UPSTREAM_CLIENT_ID: world.provider.clientId,
    }),
    ...(!hasAny(settings, kapaNames) && {
      // The two ways to ask Kapa exclude each other.
      ...('KAPA_PROJECT_ID' in settings
        ? { KAPA_API_URL: new URL(world.kapa.url).origin }
        : { KAPA_MCP_SERVER_URL: world.kapa.url, KAPA_TOOL_NAME: kapaToolName }),
      KAPA_API_KEY: kapaApiKey,
    }),
    ...(!hasAny(settings, hubNames) && { MCP_API_HUB_URL: world.hub.url, MCP_API_DOCS_URL: world.hub.docsUrl }),
    MCP_FEEDBACK_FORM_PATH: world.forms.url,
    CRM_WEBHOOK_URL: world.crm.url,
    REQUIRE_AUTH: 'true',
    MCP_OAUTH_LIMIT_EXEMPT: '127.0.0.0/8,::1/128',
    ...settings,
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

/** The parts of the local world that a person's own settings replace. */
export function ownParts(settings: Settings, url: string): readonly OwnPart[] {
  const { MCP_OAUTH_ISSUER: issuer = url, REQUIRE_AUTH: required = 'true' } = settings
  const parts: readonly (readonly [OwnPart, boolean])[] = [
    ['issuer', issuer !== url],
    ['OpenID Provider', hasAny(settings, upstreamNames)],
    ['Kapa', hasAny(settings, [...kapaNames, 'KAPA_TOOL_NAME'])],
    ['API reference', hasAny(settings, hubNames)],
    ['feedback form', 'MCP_FEEDBACK_FORM_PATH' in settings],
    ['CRM', 'CRM_WEBHOOK_URL' in settings],
    ['optional sign-in', required !== 'true' || settings.MCP_LAZY_AUTH === 'true'],
    ['limited registration', hasAny(settings, ['MCP_OAUTH_DCR', 'MCP_OAUTH_REGISTRATION_TOKEN'])],
  ]
  return parts.flatMap(([part, isOwn]) => (isOwn ? [part] : []))
}

/** What Node itself reads, for a network that is not like others: whom it trusts, and how it gets out. */
export const ofTheMachine =
  /^(?:NODE_(?:EXTRA_CA_CERTS|USE_SYSTEM_CA|USE_ENV_PROXY)|SSL_CERT_(?:FILE|DIR)|(?:HTTPS?|NO)_PROXY)$/i

/** Settings of this project, among everything else that a shell's environment holds. */
const isForFunctions = (name: string) => isOurs(name) || ofTheMachine.test(name)

/**
 * The person's own settings: everything in `.env`, and this project's settings in the environment, which win, with those
 * by which Node finds its way out of this machine's network. One that
 * is left empty, as in a copied example, is not set; in the environment, it takes away what `.env` says.
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

/**
 * The settings that no code reads: misspelled, most likely.
 *
 * @param example path of `.env.example`, which names them all
 */
export async function unknownSettings(settings: Settings, example: string): Promise<readonly string[]> {
  const known = new Set([...(await readIfThere(example)).matchAll(/^(?:# )?([A-Z0-9_]+)=/gm)].map(([, name]) => name))
  return Object.keys(settings).filter((name) => !known.has(name) && !ofTheMachine.test(name))
}

/** @throws CannotStart */
async function readIfThere(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw new CannotStart(`${file} cannot be read: ${error.message}`)
  })
}

/** The secret of this working copy: made once, readable by its owner alone, so that a restart keeps people signed in. */
export async function keptSecret(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true })
  const file = join(directory, 'secret')
  await writeFile(file, `${newSecret()}\n`, { flag: 'wx', mode: 0o600 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  const secret = (await readFile(file, 'utf8')).trim()
  if (/^[A-Za-z0-9_-]{43}$/.test(secret)) return secret
  throw new CannotStart(`${file} is damaged. Remove it (everybody signs in again), or run: npm run reset`)
}
