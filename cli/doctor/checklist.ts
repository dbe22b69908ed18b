import type { Code, Finding } from './findings.ts'

/** One line of the production checklist. `docs/deploy/production-checklist.md` is made from it. */
export interface ChecklistLine {
  /** What must be true before users come. */
  readonly what: string
  /** The findings that contradict the line. Empty: no program can see it. */
  readonly codes: readonly Code[]
  /** Where the check sees it: from outside, with the operator's token, or only with `--sign-in`. */
  readonly seen: 'outside' | 'token' | 'sign-in' | 'person'
  /** What a person must look at, because no check can. */
  readonly person?: string
}

/** The production checklist, in the order of the page. Each kind of finding belongs to exactly one line. */
export const checklist = {
  https: {
    what: 'Every address is https, its certificate renews itself, and browsers remember it (HSTS).',
    codes: ['unreachable', 'no-ipv4', 'tls-untrusted', 'tls-old', 'tls-expires', 'plain-http', 'hsts-missing'],
    seen: 'outside',
  },
  issuer: {
    what: 'The issuer is the final address, byte for byte. It never changes again: every connection contains it.',
    codes: [
      ...(['not-this-service', 'issuer-differs', 'resource-differs', 'authorization-server-differs'] as const),
      'endpoint-elsewhere',
    ],
    seen: 'outside',
  },
  'own-host': {
    what: 'The account and admin pages are on a host that serves nothing else.',
    codes: ['host-shared', 'account-pages-missing'],
    seen: 'outside',
    person: 'No other site, service worker or tag manager runs on that host, also not below another path.',
  },
  settings: {
    what: 'No setting is wrong, and none has a name that nothing reads.',
    codes: ['settings-wrong', 'settings-unread'],
    seen: 'token',
  },
  'sign-in': {
    what: 'Users really sign in: no mock, and /mcp requires a token.',
    codes: ['provider-mock', 'open-to-all'],
    seen: 'token',
  },
  provider: {
    what: 'The OpenID Provider knows exactly the callback of this service, and no pattern.',
    codes: [
      ...([
        'provider-unreachable',
        'provider-mismatch',
        'provider-keys',
        'provider-client',
        'provider-refuses',
      ] as const),
      ...(['provider-callback', 'provider-callback-wide'] as const),
    ],
    seen: 'outside',
    person:
      'The application there has no other callback, no other grant type than authorization code, and no connection in which anyone can name an address of others.',
  },
  registration: {
    what: 'Who may register a client is a decision: everyone, with limits, or only holders of a token.',
    codes: ['registration-closed', 'registration-unlimited'],
    seen: 'token',
    person: 'The clients that your users have can connect under this decision (docs/clients/).',
  },
  clients: {
    what: 'Each client finds its way from the address to the sign-in.',
    codes: [
      ...(['resource-metadata-unreadable', 'server-metadata-unreadable', 'server-metadata-incomplete'] as const),
      ...(['metadata-null', 'absent-answered', 'slash-refused', 'capitals-refused', 'keys-unreadable'] as const),
      ...(['redirected', 'redirected-elsewhere', 'mcp-refuses', 'challenge-missing', 'challenge-differs'] as const),
      ...(['authorization-stripped', 'token-refused-otherwise', 'client-blocked', 'cors-missing'] as const),
      ...(['cors-doubled', 'preflight-refused', 'challenge-hidden', 'headers-stripped', 'stream-held-back'] as const),
      ...(['registration-refused', 'registration-limited', 'registration-altered', 'documents-unreachable'] as const),
      ...(['refusal-redirects', 'refusal-replaced', 'client-stops'] as const),
    ],
    seen: 'outside',
  },
  'whole-sign-in': {
    what: 'A whole sign-in works: code, tool, refresh, revocation.',
    codes: [
      ...(['sign-in-failed', 'sign-in-answer', 'verifier-ignored', 'code-refused', 'tool-failed'] as const),
      ...(['refresh-failed', 'repeat-refused', 'revocation-failed'] as const),
    ],
    seen: 'sign-in',
  },
  secrets: {
    what: 'Every secret is random and long enough, each is used once, and no rotation is left half done.',
    codes: ['keys-private', 'rotation-unfinished'],
    seen: 'token',
    person:
      'Secrets are only in the secret store of the platform and in one copy that two people can reach. They are rotated once a year, and when a person with access leaves.',
  },
  'vault-keys': {
    what: 'Where the vault is on, its keys are of their own, and the rotation is finished.',
    codes: ['vault-rotation-unfinished'],
    seen: 'token',
    person: 'The vault is on only if a tool needs it, and the provider gives it no more than the scopes of that tool.',
  },
  admins: {
    what: 'The list of admins is short, and the operator’s token works.',
    codes: ['admins-organization', 'no-token', 'token-not-accepted'],
    seen: 'token',
    person: 'Each admin still works here. The token that may write is on no machine that only reads.',
  },
  previews: {
    what: 'Previews are apart from production.',
    codes: [],
    seen: 'person',
    person:
      'Previews and branches have a secret, a Kapa key and a provider application of their own, or the mock. None has a secret of production, and no CRM.',
  },
  origins: {
    what: 'Only the web pages that need it may call tools without a token.',
    codes: ['origins-wide'],
    seen: 'token',
  },
  limits: {
    what: 'No limit is switched off, and no wide range of addresses is exempt.',
    codes: ['limits-off'],
    seen: 'token',
    person: 'The limit of the platform or load balancer in front is in effect (docs/operations.md).',
  },
  caches: {
    what: 'No cache keeps answers of one user, and none keeps metadata for long.',
    codes: ['answer-cached', 'metadata-kept-long', 'answer-compressed'],
    seen: 'outside',
  },
  store: {
    what: 'The store answers, and exactly one of two writers wins.',
    codes: ['store-unavailable', 'store-not-conditional', 'store-one-writer'],
    seen: 'token',
  },
  database: {
    what: 'With PostgreSQL, the service has the rights that it needs and no more, over an encrypted connection.',
    codes: ['database-superuser', 'database-plain'],
    seen: 'token',
    person: 'Only the service and its backups reach the database. BI tools have a role that reads the views.',
  },
  backups: {
    what: 'The data and the secrets can be restored.',
    codes: [],
    seen: 'person',
    person:
      'A backup has been restored once, into a store that is not production’s. The copy of the secrets opens it. Backups are deleted as soon as the privacy page says.',
  },
  retention: {
    what: 'What has expired is deleted: the scheduled functions run.',
    codes: ['maintenance-late'],
    seen: 'token',
    person: 'The MCP_KEEP_ settings are what the privacy page of your company says.',
  },
  behind: {
    what: 'The services behind answer, and no message is dead.',
    codes: [
      ...(['kapa-unreachable', 'kapa-key', 'kapa-tool', 'hub-unreachable', 'hub-tool', 'form-unreachable'] as const),
      ...(['form-redirects', 'crm-unreachable', 'crm-dead', 'capture-unreachable'] as const),
    ],
    seen: 'token',
  },
  times: {
    what: 'Answers come faster than clients wait, and the clock is right.',
    codes: ['slow', 'too-slow', 'clock-off', 'no-answer'],
    seen: 'outside',
  },
  logs: {
    what: 'The log is kept, and a person reads it.',
    codes: [],
    seen: 'person',
    person:
      'Log lines go to a place that keeps them for 30 days or longer. A person looks once a week at misconfigured, failed, refresh_reused and the refusals by reason (/admin).',
  },
  alerts: {
    what: 'An alert reaches a person when sign-ins fail.',
    codes: [],
    seen: 'person',
    person:
      'The rules of docs/observability.md, or a monitor of /health/ready and of this check, page a person. It was tried once.',
  },
  updates: {
    what: 'The service runs a current release.',
    codes: ['version-differs'],
    seen: 'token',
    person: 'A person is told of releases and of advisories (SECURITY.md), and an update takes a day at most.',
  },
  platform: {
    what: 'What runs the service can do no more than it needs.',
    codes: [],
    seen: 'person',
    person:
      'A container runs without root, read-only, with limits of memory and processes, and reaches only the database, the provider and the services behind. Images are scanned. On Netlify, few people may deploy, each with a second factor.',
  },
} as const satisfies Readonly<Record<string, ChecklistLine>>

export type LineId = keyof typeof checklist

export const lineIds = Object.keys(checklist) as readonly LineId[]

/** What is known about a line. */
export const lineOf = (id: LineId): ChecklistLine => checklist[id]

/** The line that a finding contradicts. */
export function lineFor(code: Code): LineId {
  const found = lineIds.find((id) => lineOf(id).codes.includes(code))
  if (found === undefined) throw new Error(`no line of the checklist has ${code}`)
  return found
}

/** `kept`: checked, and true. `broken`: there are findings. `unseen`: not checked this time. `person`: a person must look. */
export type LineState = 'kept' | 'broken' | 'unseen' | 'person'

/** Says how it stands with each line. `seen`: what this run could see. */
export function linesOf(
  findings: readonly Finding[],
  seen: Readonly<Record<'outside' | 'token' | 'sign-in', boolean>>,
): readonly { readonly id: LineId; readonly state: LineState; readonly findings: readonly Code[] }[] {
  return lineIds.map((id) => {
    const line = lineOf(id)
    const codes = findings.map(({ code }) => code).filter((code) => line.codes.includes(code))
    if (codes.length > 0) return { id, state: 'broken', findings: codes }
    if (line.seen === 'person') return { id, state: 'person', findings: [] }
    return { id, state: seen[line.seen] ? 'kept' : 'unseen', findings: [] }
  })
}
