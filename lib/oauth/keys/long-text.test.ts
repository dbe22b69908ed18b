import { randomBytes } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { decodePayload, encodePayload } from './long-text.ts'
import { createSealing } from './sealing.ts'

const Shape = v.object({ state: v.exactOptional(v.string()), verifier: v.string() })
const verifier = randomBytes(32).toString('base64url')
const sealing = createSealing('https://docs.example', {
  current: new Uint8Array(randomBytes(32)),
  previous: [],
  retired: [],
})
const sealer = sealing.encrypted('transaction', Shape, { long: 'state' })

describe('a sealed value with a text member that may be long', () => {
  test.each([0, 1, 900, 1022, 1023, 4096])('opens with a text of %i characters', (length) => {
    const payload = { state: '"'.repeat(length / 2) + 'é'.repeat(length / 2), verifier }
    expect(sealer.open(sealer.seal(payload))).toEqual(payload)
  })

  test('opens without the text', () => expect(sealer.open(sealer.seal({ verifier }))).toEqual({ verifier }))

  test('has the format of earlier releases if the text is short', () => {
    const earlier = sealing.encrypted('transaction', Shape)
    const long = { state: 's'.repeat(1900), verifier }
    expect(sealer.open(earlier.seal(long))).toEqual(long)
    const short = { state: 's'.repeat(1000), verifier }
    expect(earlier.open(sealer.seal(short))).toEqual(short)
  })

  test('has a size that reveals nothing about the other members, since the text is compressed alone [N20]', () => {
    const sizes = [verifier, randomBytes(32).toString('base64url')].map(
      (guess) => sealer.seal({ state: guess.repeat(60), verifier }).length,
    )
    expect(Math.abs((sizes[0] ?? 0) - (sizes[1] ?? 0))).toBeLessThanOrEqual(4)
    const alone = deflateRawSync(Buffer.from(verifier.repeat(60))).length
    const others = Buffer.from(`${JSON.stringify({ verifier })}\n`).length
    expect(encodePayload({ state: verifier.repeat(60), verifier }, 'state').length).toBe(others + alone)
  })

  test('inflates to no more than 4,096 characters', () => {
    const bomb = Buffer.concat([Buffer.from('{"verifier":"v"}\n'), deflateRawSync(Buffer.alloc(16_385, 'x'))])
    expect(() => decodePayload(bomb, 'state')).toThrow('larger than 16384 bytes')
  })
})
