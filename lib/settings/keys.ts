import type { JWK } from 'jose'
import { readPastedJwk } from '../oauth/keys/pasted-jwk.ts'
import type { Secrets } from '../oauth/keys/secrets.ts'
import { jsonOf, type SettingsReader } from './reader.ts'
import { parseSecret } from './secrets.ts'

export function readSigningJwk(settings: SettingsReader): JWK | undefined {
  const text = settings.text('MCP_OAUTH_SIGNING_JWK')
  if (text === undefined) return undefined
  const jwk = readPastedJwk(jsonOf(text))
  if (typeof jwk !== 'string') return jwk
  settings.complain(`MCP_OAUTH_SIGNING_JWK ${jwk}`)
  return undefined
}

export function readSecrets(settings: SettingsReader): Secrets | null {
  /** Which of several is wrong is told by its place: of what looks like a secret nothing is repeated. */
  const parse = (name: string, texts: readonly string[]) =>
    texts.flatMap((text, index) => {
      const secret = parseSecret(text)
      if (typeof secret !== 'string') return [secret]
      const which = name === current ? name : `${name}: value ${index + 1}`
      settings.complain(`${which} ${secret}: make one with npm run secret`)
      return []
    })
  const current = 'MCP_OAUTH_SECRET'
  const text = settings.text(current)
  if (text === undefined) settings.complain(`${current} is missing: make one with npm run secret`)
  const [secret] = parse(current, text === undefined ? [] : [text])
  const [previous, retired] = ['MCP_OAUTH_PREVIOUS_SECRETS', 'MCP_OAUTH_RETIRED_SECRETS'].map((name) =>
    parse(name, settings.list(name) ?? []),
  )
  // What has leaked would go on sealing and opening everything.
  const used = [...(secret ? [secret] : []), ...(previous ?? [])].map((bytes) => Buffer.from(bytes))
  if (retired?.some((bytes) => used.some((other) => other.equals(bytes)))) {
    settings.complain(
      'MCP_OAUTH_RETIRED_SECRETS has a value that is MCP_OAUTH_SECRET or in MCP_OAUTH_PREVIOUS_SECRETS too',
    )
  }
  return secret ? { current: secret, previous: previous ?? [], retired: retired ?? [] } : null
}
