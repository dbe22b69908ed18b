import { deriveKey, type Secrets } from '../oauth/keys/secrets.ts'
import { createPersonalData, type PersonalData, type SealedPeople } from '../people/privacy/personal-data.ts'

/** Makes the sealer of a site's personal data. Retired secrets open none of it. */
export function personalDataOf(issuer: string, secrets: Secrets, mode: SealedPeople): PersonalData {
  const keyOf = (secret: Uint8Array) => {
    const { kid, bytes: sealing } = deriveKey(secret, issuer, 'personal-data')
    return { kid, sealing, index: deriveKey(secret, issuer, 'address-index').bytes }
  }
  return createPersonalData(mode, [keyOf(secrets.current), ...secrets.previous.map(keyOf)])
}
