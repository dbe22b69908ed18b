import { createHmac } from 'node:crypto'

/**
 * Signs a message as the Standard Webhooks specification says: one HMAC-SHA256 of `<id>.<timestamp>.<body>` for each secret,
 * so that a receiver can change from one secret to the next without missing a message.
 *
 * @param timestamp of this attempt, in seconds since the epoch
 * @returns the value of `webhook-signature`
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function signatureOf(
  { id, timestamp, body }: { readonly id: string; readonly timestamp: number; readonly body: string },
  secrets: readonly Uint8Array[],
): string {
  const content = `${id}.${timestamp}.${body}`
  return secrets.map((secret) => `v1,${createHmac('sha256', secret).update(content).digest('base64')}`).join(' ')
}
