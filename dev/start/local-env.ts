import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { CannotStart } from './cannot-start.ts'

export type Settings = Readonly<Record<string, string>>

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
  readonly settings?: Settings
}): Record<string, string> {
  const { settings = {} } = world
  const has = (...names: string[]) => names.some((name) => name in settings)
  return {
    URL: world.url,
    SITE_ID: world.siteId,
    SITE_NAME: 'local',
    MCP_OAUTH_ISSUER: world.url,
    MCP_OAUTH_SECRET: world.secret,
    ...(!has('UPSTREAM_ISSUER', 'REDPANDA_OAUTH_ISSUER', 'UPSTREAM_CLIENT_ID', 'REDPANDA_OAUTH_CLIENT_ID') && {
      UPSTREAM_ISSUER: world.provider.issuer,
      UPSTREAM_CLIENT_ID: world.provider.clientId,
    }),
    ...(!has('KAPA_MCP_SERVER_URL', 'KAPA_API_KEY') && {
      KAPA_MCP_SERVER_URL: world.kapa.url,
      KAPA_API_KEY: kapaApiKey,
    }),
    CRM_WEBHOOK_URL: world.crm.url,
    REQUIRE_AUTH: 'true',
    MCP_OAUTH_LIMIT_EXEMPT: '127.0.0.0/8,::1/128',
    ...settings,
  }
}

/** Settings of this project, among everything else that a shell's environment holds. */
const ours = /^(MCP_|MCPCAT_|UPSTREAM_|REDPANDA_|KAPA_|CRM_|REQUIRE_|STORE_|NETLIFY_DATABASE_|SITE_NAME$)/

/**
 * The person's own settings: everything in `.env`, and this project's settings in the environment, which win.
 *
 * @param file path of the `.env` file, which need not exist
 */
export async function personalSettings(environment: NodeJS.ProcessEnv, file: string): Promise<Settings> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw new CannotStart(`${file} cannot be read: ${error.message}`)
  })
  const settings: Record<string, string> = {}
  for (const [name, value] of Object.entries(parseEnv(text))) if (value !== undefined) settings[name] = value
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && (ours.test(name) || name in settings)) settings[name] = value
  }
  return settings
}

/** A secret in the form that the service asks for: 32 random bytes, base64url. */
export const newSecret = () => randomBytes(32).toString('base64url')

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
