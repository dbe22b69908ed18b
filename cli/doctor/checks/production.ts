import type { Json } from '../../api.ts'
import { numberIn, objectIn, wordIn } from '../../command.ts'
import { described, type Examination } from '../examination.ts'
import type { Answer } from '../network.ts'

/** Seconds after which maintenance, which runs every hour, is late. */
const late = 3 * 3600

/** Reads what the service says about its settings, for the production checklist. It names settings and tells no value. */
export function checkProduction({ found, origin }: Examination, facts: Json, own: string): void {
  const unlimited = namesIn(facts.unlimited_registration)
  if (unlimited.length > 0) found('registration-unlimited', unlimited.join(', '))
  const off = namesIn(facts.limits_off)
  if (off.length > 0) found('limits-off', off.join(', '))
  const rotating = namesIn(facts.rotating)
  const ofVault = rotating.filter((name) => name.startsWith('MCP_VAULT'))
  const others = rotating.filter((name) => !ofVault.includes(name))
  if (others.length > 0) found('rotation-unfinished', others.join(', '))
  if (ofVault.length > 0) found('vault-rotation-unfinished', ofVault.join(', '))
  const wide = namesIn(facts.wide_origins)
  if (wide.length > 0) found('origins-wide', wide.join(', '))
  const organizations = numberIn(facts, 'admin_organizations') ?? 0
  if (organizations > 0) found('admins-organization', `${organizations} of the entries of MCP_ADMINS`)
  const database = objectIn(facts, 'database')
  if (database.superuser === true) found('database-superuser', 'the role of DATABASE_URL is a superuser')
  if (database.unencrypted === true) found('database-plain', 'DATABASE_URL has sslmode=disable and another host')
  const overdue = numberIn(facts, 'overdue_seconds') ?? 0
  if (overdue > late)
    found('maintenance-late', `a record should have been deleted ${Math.floor(overdue / 3600)} hours ago`)
  const version = wordIn(facts, 'version')
  // The local system is built from this checkout, or from an older one that is still running.
  if (version !== undefined && version !== own && !origin.startsWith('http:')) {
    found('version-differs', `the service is ${version}, and this check ${own}`)
  }
}

const namesIn = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((name) => typeof name === 'string') : []

const page = { accept: 'text/html' }

/**
 * Checks that the account pages are on a host that serves nothing else (N13). `accountOrigin`: where the service says that they are;
 * `undefined` without the operator's token.
 */
export async function checkOwnHost(examination: Examination, accountOrigin: string | undefined): Promise<void> {
  const { get, origin, found, fact } = examination
  const at = accountOrigin ?? origin
  const account = await get(`${at}/account`, page)
  if (account === null) return
  if (!isOurs(account)) {
    if (accountOrigin !== undefined) found('account-pages-missing', described(account))
    else fact('there are no account pages at this host')
    return
  }
  fact(`the account pages are at ${new URL(at).host}, and nothing else is`)
  for (const path of ['/', '/index.html']) {
    const other = await get(at + path, page)
    if (other !== null && other.status === 200 && isPage(other) && !isOurs(other))
      found('host-shared', described(other))
  }
}

const isPage = ({ headers }: Answer) => /^text\/html\b/.test(headers.get('content-type') ?? '')

/** Whether an answer is a page of this service: only its style, by its hash, may be used there. */
const isOurs = (answer: Answer) =>
  isPage(answer) && /^default-src 'none'; style-src 'sha256-/.test(answer.headers.get('content-security-policy') ?? '')
