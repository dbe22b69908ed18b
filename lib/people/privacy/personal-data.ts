import { createSecretKey } from 'node:crypto'
import { openText, sealText } from '../../base/sealed-text.ts'
import type { StoreValue } from '../../store/store.ts'

/**
 * Whether a person's email address and name are sealed in stored records. `new`: in the records of people who sign in for the first
 * time; the records of earlier people stay as they are. `all`: in every record, and the maintenance seals those that are in clear.
 */
export type SealedPeople = 'all' | 'new' | 'none'

/** A key that is derived from a secret of the service. `kid` names the secret. */
export interface PersonalKey {
  readonly kid: string
  readonly bytes: Uint8Array
}

/** Seals and opens the personal members of stored records. Every reader and writer of `users/<sub>` goes through it. */
export interface PersonalData {
  readonly mode: SealedPeople
  /**
   * Returns a record as it is stored under `key`. The members `email` and `name` become the one member `sealed`, or stay in clear.
   * `before` is the record that it replaces.
   */
  close(key: string, record: StoreValue, before?: StoreValue): StoreValue
  /** Returns a stored record with `email` and `name` in clear. A `sealed` that no secret opens stays, and says nothing. */
  open(key: string, stored: StoreValue): StoreValue
  /** Whether `close` would write the personal members of this stored record in the same form and under the same secret. */
  isCurrent(stored: StoreValue): boolean
}

/** The members of a record that may say who a person is. */
const personal = ['email', 'name'] as const

/** Makes the sealer of personal data. The first key seals. The others open what earlier secrets have sealed. */
export function createPersonalData(mode: SealedPeople, keys: readonly [PersonalKey, ...PersonalKey[]]): PersonalData {
  const ring = new Map(keys.map(({ kid, bytes }) => [kid, createSecretKey(bytes)]))
  const current = keys[0].kid
  const mustSeal = (before: StoreValue | undefined) =>
    mode === 'all' || (mode === 'new' && (before === undefined || before.sealed !== undefined))

  return {
    mode,

    close(key, record, before) {
      const { sealed, ...rest } = record
      const [members, others] = split(rest)
      // The provider left the address out, and no secret opens the one that is stored.
      if (Object.keys(members).length === 0) return record
      const secret = ring.get(current)
      if (!mustSeal(before) || !secret) return rest
      return { ...others, sealed: `${current}.${sealText(JSON.stringify(members), key, secret)}` }
    },

    open(key, stored) {
      const { sealed, ...rest } = stored
      if (typeof sealed !== 'string') return stored
      const [kid = ''] = sealed.split('.', 1)
      const secret = ring.get(kid)
      const text = secret && openText(sealed.slice(kid.length + 1), key, secret)
      if (text === undefined || text === null) return stored
      // A member in clear is newer: an earlier release wrote it, which does not know `sealed`.
      return { ...split(parse(text))[0], ...rest }
    },

    isCurrent(stored) {
      const { sealed } = stored
      if (personal.some((name) => stored[name] !== undefined)) return mode !== 'all' && sealed === undefined
      return typeof sealed !== 'string' || (mode !== 'none' && sealed.startsWith(`${current}.`))
    },
  }
}

function split(record: StoreValue): readonly [members: StoreValue, others: StoreValue] {
  const isPersonal = ([name, value]: [string, unknown]) =>
    personal.some((one) => one === name) && value !== undefined && value !== null
  const entries = Object.entries(record)
  return [
    Object.fromEntries(entries.filter(isPersonal)),
    Object.fromEntries(entries.filter((entry) => !isPersonal(entry))),
  ]
}

function parse(text: string): StoreValue {
  const value: unknown = JSON.parse(text)
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
