import { isWeaker } from '../../lib/oauth/clients/authentication-strength.ts'
import type { Grant } from '../../lib/oauth/grants/grants.ts'
import type { Store } from '../../lib/store/store.ts'
import { type Call, isGrant, isUnavailable, type Outcome, privacyOf, refreshWith } from './callers.ts'
import type { Evidence } from './scenario-run.ts'
import type { StoredRecord } from './store.ts'
import { callerNames, now as start } from './world.ts'

const { signal } = new AbortController()

/** Milliseconds. */
const longerThanTheWindow = 61_000
/** Milliseconds until the job that ends what a fence has missed. */
const untilTheJob = 601_000

/** What must hold for every write of the grant's record, by any instance. */
export function judgeWrite(
  before: StoredRecord | undefined,
  after: StoredRecord | undefined,
  hasOlder: boolean,
): string | undefined {
  if (!before) return undefined
  if (!after) return 'the record of a grant is removed'
  const ended = before.value.revokedAt !== undefined
  if (ended && after.value.revokedAt === undefined) return 'a grant that has ended is live again'
  if (ended && before.value.revokedReason !== after.value.revokedReason) return 'a tombstone changes'
  if (generationOf(after) < generationOf(before)) return 'the generation of a grant goes down'
  if (generationOf(after) > generationOf(before) + 1) return 'the generation of a grant skips one'
  // An older release drops what it does not know.
  if (hasOlder) return undefined
  const lost = Object.keys(before.value).filter((name) => !(name in after.value))
  return lost.length > 0 ? `a write loses members of the record: ${lost.join(', ')}` : undefined
}

const generationOf = ({ value }: StoredRecord) => Number(value.generation)

/** What the judge remembers about a call. */
export interface Memory {
  /** The grant had ended when the caller last did something with its record. */
  readonly endedThen: boolean
  /**
   * The fence ended this sign-in before the call began, and no fault has happened. A store that misses the fence once lets the sign-in
   * pass, and the second look after the answer ends it.
   */
  readonly fencedBefore: boolean
  /** The caller itself wrote the generation that is in the way. */
  readonly ownWrite: boolean
  /** An instance of an older release takes part. It knows no IDs of codes and no fence. */
  readonly hasOlder: boolean
}

/** What must hold when a call ends. */
export function judgeCall(
  call: Call,
  outcome: Outcome,
  record: StoredRecord | undefined,
  { endedThen, fencedBefore, ownWrite, hasOlder }: Memory,
): string | undefined {
  const ended = record?.value.revokedAt !== undefined
  if (isGrant(outcome)) {
    const { token, method } = call
    if (token && outcome.record.generation > token.record.generation + 1) {
      return `${call.by} gets the current token for one that is older than its predecessor`
    }
    if (method && isWeaker(method, outcome.record.authenticationMethod)) {
      return `${call.by} gets a token of a grant that requires a key, and proves none`
    }
    if (fencedBefore && !call.isOlder) return `${call.by} gets a token for a sign-in that the fence had ended before`
    return endedThen ? `${call.by} gets a token of a grant that has ended` : undefined
  }
  if (call.kind === 'revoke' && outcome === 'done' && record && !ended) {
    return `${call.by} is told that the grant has ended, and it has not`
  }
  const isOfEarlier = Number(record?.value.createdAt) * 1000 < start
  if (call.kind === 'end person' && outcome === 'done' && isOfEarlier && !ended) {
    return `${call.by} is told that the person was ended, and a grant of theirs is live`
  }
  if (typeof outcome !== 'object') return undefined
  if (ownWrite && (outcome.refused === 'used' || outcome.refused === 'reuse')) {
    return `${call.by} is refused (${outcome.refused}) because of its own write, whose answer was lost`
  }
  switch (outcome.refused) {
    case 'used':
      if (!hasOlder && record?.value.codeHash !== `hash of ${call.code}`)
        return `${call.by} is told that another code was used twice`
      return ended ? undefined : `${call.by} is refused for a code that was used twice, and the grant is live`
    case 'other-code':
      return !hasOlder && record?.value.codeHash === `hash of ${call.code}`
        ? `${call.by} used a code twice, and nothing ends`
        : undefined
    case 'ended':
    case 'reuse':
    case 'revoked':
      return ended ? undefined : `${call.by} is refused (${outcome.refused}), and the grant is live`
    case 'unknown':
      return record ? `${call.by} is told that there is no such grant, and there is` : undefined
    case 'unproven':
      return record?.value.authenticationMethod === 'none'
        ? `${call.by} must prove a key that the grant does not require`
        : undefined
  }
}

/** What must hold at the end of a run. Some of it is tried out: the judge refreshes tokens, each in the store as the run left it. */
export async function judgeEnd(evidence: Evidence): Promise<string | undefined> {
  const { stores } = evidence
  const left = stores.snapshot()
  const judgments = [
    judgeCodes,
    judgeTokens,
    judgeEnding,
    judgeAvailability,
    judgeAfterEnd,
    judgeGenerations,
    judgeClients,
    judgeFence,
  ]
  for (const judge of judgments) {
    const broken = await judge(evidence)
    stores.restore(left)
    if (broken) return broken
  }
  return undefined
}

const recordIn = ({ stores }: Evidence) => stores.grant()
const hasEnded = (evidence: Evidence) => recordIn(evidence)?.value.revokedAt !== undefined

const granted = ({ calls }: Evidence, kind: Call['kind']) =>
  calls.flatMap(({ outcome, ...call }) =>
    call.kind === kind && outcome && isGrant(outcome) ? [{ ...call, outcome }] : [],
  )

/** At most one grant for a code; a code that is used twice ends the grant; another code ends nothing. */
function judgeCodes(evidence: Evidence): string | undefined {
  const grants = granted(evidence, 'redeem')
  if (grants.length > 1) return `${grants.map(({ by }) => by).join(' and ')} both get a grant for one sign-in`
  if (grants.length > 0 && evidence.scenario.beginning.tokens.length > 0) return 'a code that was used gives a grant'
  if (evidence.hasOlder) return undefined
  const used = evidence.calls.filter(({ kind, outcome }) => kind === 'redeem' && outcome !== 'unavailable')
  const twice = used.filter(({ code }) => `hash of ${code}` === recordIn(evidence)?.value.codeHash)
  const uses = twice.length + (evidence.scenario.beginning.tokens.length > 0 ? 1 : 0)
  if (uses > 1 && !hasEnded(evidence)) return 'a code was used twice, and the grant is live'
  return undefined
}

/** All callers that get a generation get the same token, unless another writer wrote the record meanwhile. */
function judgeTokens(evidence: Evidence): string | undefined {
  if (
    evidence.calls.some(({ kind }) => kind === 'other') &&
    evidence.scenario.programs.some(({ name }) => name.includes('anew'))
  )
    return undefined
  // A move changes the version of a record, and so the token of the same generation.
  if (evidence.hasOlder || evidence.scenario.beginning.isMoving) return undefined
  const tokens = new Map<number, string>()
  for (const { by, outcome } of granted(evidence, 'refresh')) {
    const text = JSON.stringify([outcome.version, Object.entries(outcome.record).sort()])
    const known = tokens.get(outcome.record.generation) ?? text
    if (known !== text)
      return `${by} gets another token of generation ${outcome.record.generation} than a concurrent request`
    tokens.set(outcome.record.generation, text)
  }
  return undefined
}

/** A grant ends only for a reason that one of the callers has given. */
function judgeEnding(evidence: Evidence): string | undefined {
  const { scenario, calls } = evidence
  const reason = recordIn(evidence)?.value.revokedReason
  if (reason === undefined || scenario.beginning.records.some(([, { value }]) => value.revokedReason === reason))
    return undefined
  const redemptions = (code?: string) => calls.filter((call) => call.kind === 'redeem' && call.code === code).length
  const made = String(recordIn(evidence)?.value.codeHash).replace('hash of ', '')
  const newest = Math.max(...scenario.beginning.tokens.map(({ record }) => record.generation), 0)
  const refreshed = calls.filter(({ kind }) => kind === 'refresh')
  const late = evidence.now > start || scenario.grace === 0
  switch (reason) {
    case 'client_request':
      return calls.some(({ kind }) => kind === 'revoke') ? undefined : 'a grant is revoked, and no caller asked for it'
    case 'person_ended':
      return calls.some(({ kind }) => kind === 'end person')
        ? undefined
        : 'a person is ended, and no caller asked for it'
    case 'code_reuse':
      return evidence.hasOlder || redemptions(made) + (scenario.beginning.tokens.length > 0 ? 1 : 0) > 1
        ? undefined
        : 'a grant ends for a code that was used only once'
    case 'refresh_reuse': {
      const stale = refreshed.some(({ token }) => {
        const generation = token?.record.generation ?? newest
        const behind =
          Math.max(newest, ...refreshed.map((each) => (each.token?.record.generation ?? 0) + 1)) - generation
        return behind > 1 || (behind === 1 && (late || rotatedLongAgo(scenario.beginning.tokens.at(-1), generation)))
      })
      return stale
        ? undefined
        : 'a grant ends, although every token was the current one or its predecessor in the window'
    }
    default:
      return `a grant ends for an unknown reason: ${String(reason)}`
  }
}

/** Whether the predecessor `generation` of a token that the run began with is out of its window. */
const rotatedLongAgo = (current: Grant | undefined, generation: number) =>
  current !== undefined &&
  current.record.generation === generation + 1 &&
  start - current.record.rotatedAt * 1000 > longerThanTheWindow

/** As long as the store answers, every call has an answer. While the store moves, an instance that knows only the source may have none. */
function judgeAvailability({ undisturbed, calls, scenario }: Evidence): string | undefined {
  if (!undisturbed) return undefined
  const mayFail = scenario.programs.flatMap(({ knowsOnlySource }, index) =>
    knowsOnlySource ? [callerNames[index]] : [],
  )
  // While the store moves, of two redemptions that help each other neither may know that it was the first.
  const isOpen = (kind: Call['kind']) => kind === 'redeem' && scenario.beginning.isMoving
  const failed = calls.find(
    ({ by, kind, outcome }) => outcome === 'unavailable' && !mayFail.includes(by) && !isOpen(kind),
  )
  return failed && `${failed.by} gets 503 although the store answers everything`
}

const knownTokens = (evidence: Evidence): readonly Grant[] => [
  ...evidence.scenario.beginning.tokens,
  ...[...granted(evidence, 'redeem'), ...granted(evidence, 'refresh')].map(({ outcome }) => outcome),
]

const parts = ({ subject, now, scenario }: Evidence, store: Store, later = 0) => ({
  subject,
  store,
  now: () => now + later,
  grace: scenario.grace,
})

/**
 * Refreshes a token while the stores work, `later` milliseconds after the run.
 *
 * @param instance while the store moves: 1 is an instance that knows only the source
 */
async function tryToken(evidence: Evidence, token: Grant, later = 0, instance = 0): Promise<Outcome> {
  const store = evidence.stores.calm()[instance]
  if (!store) return 'unavailable'
  try {
    return await refreshWith(parts(evidence, store, later), 'judge', token, 'private_key_jwt', signal)
  } catch (error) {
    if (isUnavailable(error)) return 'unavailable'
    throw error
  }
}

/** Once a grant has ended, every token of it is refused. */
async function judgeAfterEnd(evidence: Evidence): Promise<string | undefined> {
  if (!hasEnded(evidence)) return undefined
  const left = evidence.stores.snapshot()
  for (const token of knownTokens(evidence)) {
    for (const later of [0, 2 * longerThanTheWindow]) {
      const outcome = await tryToken(evidence, token, later)
      evidence.stores.restore(left)
      if (isGrant(outcome)) return `the token of generation ${token.record.generation} works after the grant has ended`
    }
  }
  return undefined
}

/** Once the window is over, the tokens of one generation at most can be refreshed. */
async function judgeGenerations(evidence: Evidence): Promise<string | undefined> {
  const left = evidence.stores.snapshot()
  const live = new Set<number>()
  for (const token of knownTokens(evidence)) {
    for (const instance of evidence.stores.calm().keys()) {
      const outcome = await tryToken(evidence, token, longerThanTheWindow, instance)
      if (isGrant(outcome)) live.add(token.record.generation)
      evidence.stores.restore(left)
    }
  }
  return live.size > 1 ? `two live generations: ${[...live].join(' and ')}` : undefined
}

/** A client whose grant is live can go on with the last token that it has, if it repeats what failed. */
async function judgeClients(evidence: Evidence): Promise<string | undefined> {
  if (hasEnded(evidence)) return undefined
  const { scenario, calls, now } = evidence
  const left = evidence.stores.snapshot()
  for (const by of new Set(calls.map((call) => call.by))) {
    const last = calls.findLast((call) => call.by === by && (call.kind === 'refresh' || call.kind === 'redeem'))
    const outcome = last?.outcome
    if (last === undefined || outcome === undefined || (typeof outcome === 'object' && 'refused' in outcome)) continue
    const token = typeof outcome === 'object' ? outcome : last.token
    // A code is not repeated: after 503 the client begins a new sign-in.
    if (!token) continue
    // A lost answer heals in the window only, and only until the next generation is used.
    const { generation, rotatedAtMilliseconds } = recordIn(evidence)?.value ?? {}
    const behind = Number(generation) - token.record.generation
    const inWindow = scenario.grace > 0 && now - Number(rotatedAtMilliseconds) <= scenario.grace * 1000
    if (behind > 1 || (behind === 1 && !inWindow)) continue
    const again = await tryToken(evidence, token)
    evidence.stores.restore(left)
    if (!isGrant(again))
      return `${by} repeats its refresh or uses its token, and is refused (${typeof again === 'object' ? again.refused : again})`
  }
  return undefined
}

/**
 * A person who was ended has no grant of a sign-in from before: at once if no fault interfered, else once the job has run. Counts
 * only grants of which a token was given out. If the store fails just when a redemption ends its own new grant, the client gets 503,
 * and a record is left that looks live and that no token belongs to.
 */
async function judgeFence(evidence: Evidence): Promise<string | undefined> {
  const ended = evidence.calls.some(({ kind, outcome }) => kind === 'end person' && outcome === 'done')
  if (!ended || !recordIn(evidence) || knownTokens(evidence).length === 0) return undefined
  const [store] = evidence.stores.calm()
  // The older release does not look at the fence, and the job finds only what was made until then.
  if (!store || (evidence.hasOlder && evidence.now > start)) return undefined
  if (!hasEnded(evidence) && evidence.undisturbed && !evidence.hasOlder)
    return 'the person was ended, and a grant of an earlier sign-in is live'
  await privacyOf(parts(evidence, store, untilTheJob)).runJobs(signal)
  return hasEnded(evidence)
    ? undefined
    : 'the person was ended, the job has run, and a grant of an earlier sign-in is live'
}
