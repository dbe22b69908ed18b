import { describe, expect, test } from 'vitest'
import { personalDataForTests } from '../../../dev/worlds/personal-data.ts'

const key = 'users/u_ada'
const ada = { email: 'ada@engines.example', name: 'Ada', domain: 'engines.example', later: 'kept' }

describe('personal data', () => {
  test('is sealed in a new record, and opens there', () => {
    const people = personalDataForTests('new')
    const stored = people.close(key, ada)
    expect(stored).toEqual({ domain: 'engines.example', later: 'kept', sealed: expect.any(String) })
    expect(JSON.stringify(stored)).not.toMatch(/ada@|Ada/)
    expect(people.open(key, stored)).toEqual(ada)
    expect(people.close(key, ada).sealed).not.toBe(stored.sealed)
  })

  test('of another record, changed, or under an unknown secret does not open, and stays', () => {
    const people = personalDataForTests('all')
    const stored = people.close(key, ada)
    const text = String(stored.sealed)
    const [kid, iv, ciphertext = '', tag] = text.split('.')
    const changed = `${ciphertext.startsWith('A') ? 'B' : 'A'}${ciphertext.slice(1)}`
    expect(people.open('users/u_bob', stored)).toEqual(stored)
    for (const sealed of [
      `${kid}.${iv}.${changed}.${tag}`,
      `${kid}.${iv}.${ciphertext}.`,
      'x',
      `${kid}`,
      `${text}.${tag}`,
    ]) {
      expect(people.open(key, { ...stored, sealed })).toEqual({ ...stored, sealed })
    }
    expect(personalDataForTests('all', ['two']).open(key, stored)).toEqual(stored)
    // A sign-in that brings no address keeps what another secret has sealed.
    expect(personalDataForTests('all', ['two']).close(key, stored, stored)).toEqual(stored)
  })

  test('opens under a previous secret, and is sealed under the current one', () => {
    const stored = personalDataForTests('all', ['one']).close(key, ada)
    const people = personalDataForTests('all', ['two', 'one'])
    expect(people.open(key, stored)).toEqual(ada)
    expect(people.isCurrent(stored)).toBe(false)
    const anew = people.close(key, people.open(key, stored), stored)
    expect(people.isCurrent(anew)).toBe(true)
    expect(personalDataForTests('all', ['two']).open(key, anew)).toEqual(ada)
  })

  test.each([
    ['new', 'no record', undefined, true],
    ['new', 'a record in clear', ada, false],
    ['new', 'a sealed record', { sealed: 'x' }, true],
    ['all', 'a record in clear', ada, true],
    ['none', 'a sealed record', { sealed: 'x' }, false],
    ['none', 'no record', undefined, false],
  ] as const)('with %s, after %s, is sealed: %s', (mode, _what, before, sealed) => {
    const people = personalDataForTests(mode)
    const stored = people.close(key, ada, before)
    expect([stored.sealed !== undefined, stored.email === undefined]).toEqual([sealed, sealed])
    expect(people.open(key, stored)).toEqual(ada)
    expect(people.isCurrent(stored)).toBe(true)
  })

  test('in clear is newer than a sealed member: an earlier release wrote it', () => {
    const people = personalDataForTests('all')
    const stored = { ...people.close(key, ada), email: 'ada@new.example' }
    expect(people.open(key, stored)).toEqual({ ...ada, email: 'ada@new.example' })
    expect(people.isCurrent(stored)).toBe(false)
  })

  test('of a person without an address is nothing', () => {
    const people = personalDataForTests('all')
    expect(people.close(key, { domain: 'x', email: undefined })).toEqual({ domain: 'x', email: undefined })
    expect(people.isCurrent({ domain: 'x' })).toBe(true)
  })
})
