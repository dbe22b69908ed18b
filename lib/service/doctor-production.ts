import type { AddressRange } from '../limits/address.ts'
import type { Configuration } from '../settings/configuration.ts'
import { entriesOf } from '../settings/forms.ts'
import type { Site } from '../settings/site.ts'
import { isLoopbackHttp } from '../settings/urls.ts'
import { proofs } from '../store/readiness.ts'
import { identity } from './identity.ts'
import { storeOf } from './store.ts'

/**
 * What `npm run doctor` needs for the production checklist and cannot see from outside: names of settings, counts, and no value but
 * the origin of the account pages, which every page shows.
 */
export async function productionFacts(configuration: Configuration, site: Site, signal: AbortSignal) {
  const { admins, account, store } = configuration
  const [database, overdue] = await Promise.all([
    store.backend === 'postgres' ? rightsOf(store.databaseUrl, signal) : undefined,
    // No scheduled function runs on previews.
    site.preview ? 0 : overdueSeconds(site, signal),
  ])
  return {
    version: identity.version,
    account_origin: account?.origin,
    unlimited_registration: unlimitedRegistration(configuration),
    limits_off: limitsOff(configuration),
    rotating: rotating.filter((name) => hasSecond(name)),
    wide_origins: configuration.mcp.allowedOrigins.flatMap((origin) =>
      origin === 'https://*' ? ['https://*'] : origin.startsWith('http:') && !isLoopbackHttp(origin) ? ['http'] : [],
    ),
    admin_organizations: admins.filter(({ who }) => 'organizationId' in who).length,
    database,
    overdue_seconds: overdue,
  }
}

/** The settings that hold an old value beside the new one while it is rotated. */
const rotating = [
  'MCP_OAUTH_PREVIOUS_SECRETS',
  'CRM_WEBHOOK_PREVIOUS_SECRET',
  'MCP_ADMIN_TOKEN',
  'MCP_ADMIN_WRITE_TOKEN',
  'MCP_VAULT_KEYS',
] as const

/** Whether a setting has an old value. */
const hasSecond = (name: (typeof rotating)[number]) =>
  entriesOf(process.env[name] ?? '').length > (name.includes('PREVIOUS') ? 0 : 1)

function unlimitedRegistration({ signIn, registrationOff }: Configuration): readonly string[] {
  if (!signIn || registrationOff || signIn.registrationToken !== undefined) return []
  const { registration, allRegistrations } = signIn.limits
  return [
    ...(registration ? [] : ['MCP_OAUTH_REGISTER_LIMIT']),
    ...(allRegistrations ? [] : ['MCP_OAUTH_REGISTER_TOTAL_LIMIT']),
  ]
}

function limitsOff({ signIn, mcp, trusted }: Configuration): readonly string[] {
  const { user, machine, address, exempt } = mcp.limits
  return [
    ...(signIn && !signIn.limits.metadataDocuments ? ['MCP_OAUTH_CIMD_LIMIT'] : []),
    ...(user ? [] : ['MCP_USER_LIMIT']),
    ...(address ? [] : ['MCP_ANONYMOUS_LIMIT']),
    ...(machine || !trusted ? [] : ['MCP_MACHINE_LIMIT']),
    ...(exempt.some(isWide) ? ['MCP_OAUTH_LIMIT_EXEMPT'] : []),
  ]
}

/** Whether a range is larger than any private network: `10.0.0.0/8`, `fd00::/8`. */
const isWide = ([, bits]: AddressRange) => bits < 8

/** What the database lets this service do. */
async function rightsOf(url: string | undefined, signal: AbortSignal) {
  const { isSuperuser } = await import('./other-store.ts')
  const superuser = await isSuperuser(signal).catch(() => undefined)
  const { hostname = '', searchParams } = URL.parse(url ?? '') ?? {}
  const isHere = /^(?:|localhost|127\.0\.0\.1|\[::1\]|%2f.*)$/i.test(hostname)
  return { superuser, unencrypted: !isHere && searchParams?.get('sslmode') === 'disable' }
}

/**
 * Seconds since which the oldest record that expires by its key should be gone. 0: no such record, or the store does not answer. Keys
 * are listed in order, so that the first page has the oldest.
 */
async function overdueSeconds(site: Site, signal: AbortSignal): Promise<number> {
  const store = storeOf(site)
  const ends = ['limits', proofs].map(async (collection) => {
    const { keys } = await store.list(`${collection}/`, signal)
    return keys.flatMap((key) => /^[a-z]+\/(\d{10})\//.exec(key)?.[1] ?? [])
  })
  try {
    const oldest = Math.min(...(await Promise.all(ends)).flat().map(Number))
    return Number.isFinite(oldest) ? Math.max(0, Math.floor(Date.now() / 1000) - oldest) : 0
  } catch {
    return 0
  }
}
