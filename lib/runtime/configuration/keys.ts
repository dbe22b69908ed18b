import { createPrivateKey } from 'node:crypto'
import type { JWK } from 'jose'
import type { Secrets } from '../../oauth/keys/secrets.ts'
import { parseSecret } from '../secrets.ts'
import type { SettingsReader } from '../settings.ts'

export function readSigningJwk(settings: SettingsReader): JWK | undefined {
  const text = settings.text('MCP_OAUTH_SIGNING_JWK')
  if (text === undefined) return undefined
  try {
    const jwk: JWK = JSON.parse(text)
    const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey({ key: { ...jwk }, format: 'jwk' })
    const kid: unknown = jwk.kid
    const named = kid === undefined || (typeof kid === 'string' && /^[\x21-\x7E]{1,128}$/.test(kid))
    if (named && asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048) return jwk
  } catch {
    // Not JSON, or not a private key with all its members: complained about like every other unusable value.
  }
  settings.complain(
    'MCP_OAUTH_SIGNING_JWK must be a private RSA JWK of 2048 bits or more, with a kid of 1 to 128 characters or none',
  )
  return undefined
}

export function readSecrets(settings: SettingsReader): Secrets | null {
  const parse = (name: string, texts: readonly string[]) =>
    texts.flatMap((text) => {
      const secret = parseSecret(text)
      if (typeof secret !== 'string') return [secret]
      settings.complain(`${name} ${secret}: make one with npm run secret`)
      return []
    })
  const text = settings.text('MCP_OAUTH_SECRET')
  if (text === undefined) settings.complain('MCP_OAUTH_SECRET is missing: make one with npm run secret')
  const [current] = parse('MCP_OAUTH_SECRET', text === undefined ? [] : [text])
  const previous = parse('MCP_OAUTH_PREVIOUS_SECRETS', settings.list('MCP_OAUTH_PREVIOUS_SECRETS') ?? [])
  const retired = parse('MCP_OAUTH_RETIRED_SECRETS', settings.list('MCP_OAUTH_RETIRED_SECRETS') ?? [])
  return current ? { current, previous, retired } : null
}
