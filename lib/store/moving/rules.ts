import type { StoreValue } from '../store.ts'

/** How the records of a collection move. */
export interface MovingRule {
  /**
   * When a record is handed over to the target: `when-used` by the first instance that uses it, or by the copy; `by-copy` only by
   * the copy; `at-the-end` by the copy once everything else has moved; `never`: it stays at the source and is left there.
   */
  readonly moves: 'when-used' | 'by-copy' | 'at-the-end' | 'never'
  /**
   * What an instance that knows only the source finds in place of the record. `closed`: nothing that it can read, so it answers
   * 503. `open`: the record as it was handed over, which it may still read.
   */
  readonly mark: 'open' | 'closed'
  /** Whether the value never changes any more. Its mark is open: every instance may act on it. Default: none is. */
  readonly isFinal?: (value: StoreValue) => boolean
  /** Makes one value of two, if both stores have one. Default: that of the target. */
  readonly merge?: (source: StoreValue, target: StoreValue) => StoreValue
  /** Whether the value at the target may follow on the one that was handed over. Default: it may. */
  readonly mayFollow?: (handedOver: StoreValue, target: StoreValue) => boolean
}

const byCopy: MovingRule = { moves: 'by-copy', mark: 'open' }

/** The collections that do not move like all others. docs/moving.md says why. */
const rules: Readonly<Record<string, MovingRule>> = {
  // A grant that an older instance could still read there would have two live generations.
  grants: { moves: 'when-used', mark: 'closed', isFinal: isRevoked, merge: mergeGrants, mayFollow: grantMayFollow },
  // An older instance that could still read there would spend a token of the provider that has been replaced.
  vault: { moves: 'when-used', mark: 'closed', merge: laterGeneration, mayFollow: generationMayFollow },
  // An older instance that reads an outdated fence would let a sign-in pass.
  ended: { moves: 'by-copy', mark: 'closed', merge: mergeFences, mayFollow: fenceMayFollow },
  assertions: { moves: 'when-used', mark: 'open', mayFollow: never },
  'dpop-proofs': { moves: 'when-used', mark: 'open', mayFollow: never },
  audit: { ...byCopy, mayFollow: never },
  'audit-digests': { ...byCopy, mayFollow: never },
  'signing-keys': { moves: 'at-the-end', mark: 'open' },
  'blocked-clients': { moves: 'at-the-end', mark: 'open' },
  limits: { moves: 'never', mark: 'open' },
  health: { moves: 'never', mark: 'open' },
  moving: { moves: 'never', mark: 'open' },
}

/** Returns the rule of the record at a key. Collections that a later release adds move with the copy. */
export const ruleOf = (key: string): MovingRule => rules[collectionOf(key)] ?? byCopy

/** Returns the collection of a key, or of a prefix that names one whole. */
export const collectionOf = (key: string): string => key.slice(0, Math.max(0, key.indexOf('/')))

/** The prefixes of the collections that move at the end. */
export const lastPrefixes: readonly string[] = Object.entries(rules).flatMap(([name, { moves }]) =>
  moves === 'at-the-end' ? [`${name}/`] : [],
)

/** Such records never change, so no other value may follow. */
function never(): boolean {
  return false
}

const number = (value: unknown) => (typeof value === 'number' ? value : Number.NEGATIVE_INFINITY)

function isRevoked({ revokedAt }: StoreValue): boolean {
  return revokedAt !== undefined
}

/** The later generation counts. */
function laterGeneration(source: StoreValue, target: StoreValue): StoreValue {
  return number(source.generation) > number(target.generation) ? source : target
}

/** A revoked grant stays revoked, and no generation becomes lower. */
function mergeGrants(source: StoreValue, target: StoreValue): StoreValue {
  const later = laterGeneration(source, target)
  const ended = [target, source].find(isRevoked)
  return ended ? { ...later, revokedAt: ended.revokedAt, revokedReason: ended.revokedReason } : later
}

function generationMayFollow(handedOver: StoreValue, target: StoreValue): boolean {
  return number(target.generation) >= number(handedOver.generation)
}

function grantMayFollow(handedOver: StoreValue, target: StoreValue): boolean {
  return generationMayFollow(handedOver, target) && (isRevoked(target) || !isRevoked(handedOver))
}

function fenceMayFollow(handedOver: StoreValue, target: StoreValue): boolean {
  return number(target.at) >= number(handedOver.at)
}

/** The later fence counts, and one that forgets stays so. */
function mergeFences(source: StoreValue, target: StoreValue): StoreValue {
  const later = number(source.at) > number(target.at) ? source : target
  return { ...later, forgetting: source.forgetting === true || target.forgetting === true }
}
