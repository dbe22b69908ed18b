import { deriveKey, type Secrets } from '../oauth/keys/secrets.ts'
import { createPersonalData, type PersonalData, type SealedPeople } from '../people/privacy/personal-data.ts'

/** Makes the sealer of a site's personal data. Retired secrets open none of it. */
export function personalDataOf(issuer: string, { current, previous }: Secrets, mode: SealedPeople): PersonalData {
  const keyOf = (secret: Uint8Array) => deriveKey(secret, issuer, 'personal-data')
  return createPersonalData(mode, [keyOf(current), ...previous.map(keyOf)])
}
