import { describe, expect, test } from 'vitest'
import { dayOfAttempt, newAttemptCode, readAttemptCode } from './attempt-code.ts'

const now = Date.UTC(2026, 10, 30, 23, 59)

describe('the code of an attempt', () => {
  test('begins with its day, and has only characters that are not mistaken for each other', () => {
    for (let i = 0; i < 200; i++) {
      const code = newAttemptCode(now)
      expect(code).toMatch(/^261130-[2-9CDFGHJKMNPQRTVWXY]{4}-[2-9CDFGHJKMNPQRTVWXY]{4}$/)
      expect(dayOfAttempt(code)).toBe('20261130')
    }
  })

  test('is random: no two of a thousand are the same [N29]', () => {
    expect(new Set(Array.from({ length: 1000 }, () => newAttemptCode(now))).size).toBe(1000)
  })

  test.each(['261130-K7QM-4XPD', '261130k7qm4xpd', ' 261130 K7QM 4XPD ', '261130–k7qm–4xpd.'])(
    'is read as %s',
    (text) => {
      expect(readAttemptCode(text)).toBe('261130-K7QM-4XPD')
    },
  )

  test.each(['', '261130-K7QM', '261130-K7QM-4XPO', '../../261130-K7QM-4XPD', '261130-K7QM-4XPD-2222', 'grants/x'])(
    'is not %j',
    (text) => {
      expect(readAttemptCode(text)).toBeNull()
    },
  )
})
