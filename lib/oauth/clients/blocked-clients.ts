import type { Log } from '../../base/log.ts'
import { isHost } from './host.ts'

/** The clients that the operator has blocked (`MCP_OAUTH_BLOCKED_CLIENTS`). */
export interface BlockList {
  /** base64url SHA-256 of each client_id. */
  readonly hashes: ReadonlySet<string>
  /** Hosts of redirect URIs and of metadata documents. A host without a port stands for every port. */
  readonly hosts: ReadonlySet<string>
  /** Blocks registrations that were issued before this time, in seconds since the epoch. */
  readonly before: number
}

export interface BlockedClients {
  /** Whether the operator has blocked a client, judged by what the caller knows of it. Logs a blocked client. */
  blocks(client: {
    readonly hash: string
    /** The client's redirect URIs, and the URL of its metadata document. */
    readonly urls?: readonly string[]
    /** Hosts of such URLs, with their ports, if the URLs themselves are no longer known. */
    readonly hosts?: readonly string[]
    /** When the client registered, in seconds since the epoch. */
    readonly issuedAt?: number | undefined
  }): boolean
}

export const noneBlocked: BlockedClients = { blocks: () => false }

export function createBlockedClients(list: BlockList, log: Log): BlockedClients {
  const isListed = (host: string) => list.hosts.has(host) || list.hosts.has(host.replace(/:\d+$/, ''))
  return {
    blocks({ hash, urls = [], hosts = [], issuedAt }) {
      const blocked =
        list.hashes.has(hash) ||
        (list.hosts.size > 0 && [...hosts, ...urls.map((url) => URL.parse(url)?.host ?? '')].some(isListed)) ||
        (issuedAt !== undefined && issuedAt < list.before)
      if (blocked) log('client_blocked', { client: hash })
      return blocked
    },
  }
}

/** Reads the entries of the list: the hash of a client, a host, or `before:<ISO date>`. Returns `null` if one is wrong. */
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
