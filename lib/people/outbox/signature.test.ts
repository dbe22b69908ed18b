import { expect, test } from 'vitest'
import { signatureOf } from './signature.ts'

/** The example of the specification's own libraries. */
const example = {
  secret: new Uint8Array(Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64')),
  message: { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1614265330, body: '{"test": 2432232314}' },
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
}

test('the signature equals the one of the Standard Webhooks libraries', () =>
  expect(signatureOf(example.message, [example.secret])).toBe(example.signature))

test('while the secret changes there is one signature for each, and without a secret none', () => {
  const next = new Uint8Array(32).fill(7)
  expect(signatureOf(example.message, [next, example.secret]).split(' ')).toEqual([
    signatureOf(example.message, [next]),
    example.signature,
  ])
  expect(signatureOf(example.message, [])).toBe('')
})
