import { createPersonalData, type PersonalData, type SealedPeople } from '../../lib/people/privacy/personal-data.ts'

/** Personal data under made-up keys: one for each secret, the current one first. */
export function personalDataForTests(
  mode: SealedPeople,
  secrets: readonly [string, ...string[]] = ['one'],
): PersonalData {
  const keyOf = (secret: string) => ({ kid: `kid-${secret}`, bytes: new Uint8Array(32).fill(secret.charCodeAt(0)) })
  const [first, ...others] = secrets
  return createPersonalData(mode, [keyOf(first), ...others.map(keyOf)])
}
