import type { Log } from '../../base/log.ts'
import type { ConsentForms } from '../authorization/consent-form.ts'
import type { AuthorizationRequest } from '../authorization/request.ts'
import type { Transactions } from '../authorization/transaction.ts'
import { PageError } from '../errors.ts'

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
    /** Hosts of such URLs, with their ports, where the URLs themselves are not known any more. */
    readonly hosts?: readonly string[]
    /** Seconds since the epoch; of a registration. */
    readonly issuedAt?: number
  }): boolean
}

export const nobodyBlocked: BlockedClients = { blocks: () => false }

export function createBlockedClients(list: BlockList, log: Log): BlockedClients {
  const isListed = (host: string) => list.hosts.has(host) || list.hosts.has(host.replace(/:\d+$/, ''))
  return {
    blocks({ hash, urls = [], hosts = [], issuedAt }) {
      const blocked =
        list.hashes.has(hash) ||
        [...hosts, ...urls.map((url) => URL.parse(url)?.host ?? '')].some(isListed) ||
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

/** Refuses the consent forms of clients that were blocked while the page was open. */
export function refuseBlockedForms(forms: ConsentForms, blocked: BlockedClients): ConsentForms {
  return {
    seal: forms.seal,
    open(value) {
      const opened = forms.open(value)
      if (opened) refuse(opened.request, blocked)
      return opened
    },
  }
}

/**
 * Refuses the transactions of clients that were blocked during the sign-in: before the OpenID Provider is asked, or a
 * code issued. The cookie stays, for the case that the entry is taken back.
 */
export function refuseBlockedTransactions(transactions: Transactions, blocked: BlockedClients): Transactions {
  return {
    ...transactions,
    find(browser, state) {
      const found = transactions.find(browser, state)
      if (found) refuse(found.request, blocked)
      return found
    },
  }
}

/** By all that a sealed request says of its client. Throws `PageError`. */
function refuse({ c: hash, ch, redirect_uri, i }: AuthorizationRequest, blocked: BlockedClients): void {
  const documentHost = ch === undefined ? [] : [ch]
  const issuedAt = i === undefined ? {} : { issuedAt: i }
  if (blocked.blocks({ hash, urls: [redirect_uri], hosts: documentHost, ...issuedAt })) {
    throw new PageError('unknown-client', 'invalid_client', 'this client has been blocked')
  }
}
