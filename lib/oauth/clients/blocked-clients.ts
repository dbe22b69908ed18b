import type { Log } from '../../log.ts'
import type { ConsentForms } from '../authorization/consent-form.ts'
import { OAuthError, PageError } from '../errors.ts'
import type { Grants } from '../grants/grants.ts'

/** Whom the operator has withdrawn (`MCP_OAUTH_BLOCKED_CLIENTS`). */
export interface BlockList {
  /** base64url SHA-256 of a client_id. */
  readonly hashes: ReadonlySet<string>
  /** Of redirect URIs and of metadata documents; one without a port means every port. */
  readonly hosts: ReadonlySet<string>
  /** Registrations that were issued earlier than this, in seconds since the epoch. */
  readonly before: number
}

export interface BlockedClients {
  /** Whether the client is withdrawn, told to the log, as far as can be said by what is known of it. */
  blocks(client: {
    readonly hash: string
    /** Its redirect URIs, and the URL of its metadata document. */
    readonly urls?: readonly string[]
    /** Seconds since the epoch; of a registration. */
    readonly issuedAt?: number
  }): boolean
}

export function createBlockedClients(list: BlockList, log: Log): BlockedClients {
  return {
    blocks({ hash, urls = [], issuedAt }) {
      const blocked =
        list.hashes.has(hash) ||
        urls.some((url) => hostsOf(url).some((host) => list.hosts.has(host))) ||
        (issuedAt !== undefined && issuedAt < list.before)
      if (blocked) log('client_blocked', { client: hash })
      return blocked
    },
  }
}

/** The list from its entries: a client's hash, a host, or `before:<ISO date>`; `null` if one is none of these. */
export function parseBlockList(entries: readonly string[]): BlockList | null {
  const hashes = new Set<string>()
  const hosts = new Set<string>()
  let before = 0
  for (const entry of entries) {
    const [, date] = /^before:(\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?Z)?)$/.exec(entry) ?? []
    if (date !== undefined && Number.isFinite(Date.parse(date))) before = Math.max(before, Date.parse(date) / 1000)
    else if (/^[A-Za-z0-9_-]{43}$/.test(entry)) hashes.add(entry)
    else if (isHost(entry)) hosts.add(entry)
    else return null
  }
  return { hashes, hosts, before }
}

/** A host as it stands in a canonical URL: lower case, no wildcard or trailing dot, a port if it is not the scheme's own. */
export function isHost(text: string): boolean {
  const url = URL.parse(`https://${text}/`)
  return url?.host === text && /^[a-z0-9_[\]:.-]*[a-z0-9\]]$/.test(url.hostname)
}

function hostsOf(url: string): readonly string[] {
  const parsed = URL.parse(url)
  return parsed ? [parsed.host, parsed.hostname] : []
}

/** Refuses the consent form of a client that was blocked while the page was open. */
export function refuseBlockedForms(forms: ConsentForms, blocked: BlockedClients | undefined): ConsentForms {
  return {
    seal: forms.seal,
    open(value) {
      const opened = forms.open(value)
      if (opened && blocked?.blocks({ hash: opened.request.c, urls: [opened.request.redirect_uri] })) {
        throw new PageError('unknown-client', 'invalid_client', 'this client has been blocked')
      }
      return opened
    },
  }
}

/** Serves no grant of a blocked client, and changes none: by the hash, the one thing that a record says of its client. */
export function refuseBlockedGrants(grants: Grants, blocked: BlockedClients | undefined): Grants {
  const refuse = ({ clientHash }: { readonly clientHash: string }) => {
    if (blocked?.blocks({ hash: clientHash })) throw new OAuthError('invalid_client', 'this client has been blocked')
  }
  return {
    async redeem(key, record, signal) {
      refuse(record)
      return grants.redeem(key, record, signal)
    },
    async rotate(key, next, version, signal) {
      refuse(next)
      return grants.rotate(key, next, version, signal)
    },
    revoke: grants.revoke,
  }
}
