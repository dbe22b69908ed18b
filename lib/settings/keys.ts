import type { Secrets } from '../oauth/keys/secrets.ts'
import { entriesOf } from './forms.ts'
import type { SettingsReader } from './reader.ts'
import { isStrongToken } from './secrets.ts'

/** Reads the secrets that seal and sign everything that travels; `null` if the current one is missing or wrong. */
export function readSecrets(settings: SettingsReader): Secrets | null {
  const current = settings.required('MCP_OAUTH_SECRET', 'make one with npm run secret')
  const previous = settings.read('MCP_OAUTH_PREVIOUS_SECRETS') ?? []
  const retired = settings.read('MCP_OAUTH_RETIRED_SECRETS') ?? []
  // A leaked secret would continue to seal and open everything.
  const used = [current, ...previous].filter((bytes) => bytes !== undefined).map((bytes) => Buffer.from(bytes))
  if (retired.some((bytes) => used.some((other) => other.equals(bytes)))) {
    settings.complain(
      'MCP_OAUTH_RETIRED_SECRETS',
      ' has a value that is MCP_OAUTH_SECRET or in MCP_OAUTH_PREVIOUS_SECRETS too',
    )
  }
  return current ? { current, previous, retired } : null
}

/** The tokens with which callers authenticate to us. */
const tokens = [
  'MCP_OAUTH_REGISTRATION_TOKEN',
  'MCP_OAUTH_INTROSPECTION_TOKENS',
  'MCP_ADMIN_TOKEN',
  'MCP_ADMIN_WRITE_TOKEN',
] as const

/**
 * Reports a token that is also the value of another secret setting, or twice in its list: a holder of the one could use the
 * other.
 */
export function refuseEqualTokens(settings: SettingsReader): void {
  const valuesOf = (text = '') => entriesOf(text).filter(isStrongToken)
  tokens.forEach((name, index) => {
    const own = valuesOf(settings.text(name))
    if (own.length === 0) return
    if (new Set(own).size < own.length) settings.complain(name, ' has a value twice: each needs one of its own')
    for (const other of settings.secrets) {
      // Two tokens are reported once, under the first.
      if (tokens.slice(0, index + 1).some((token) => token === other.name)) continue
      if (valuesOf(other.text).some((value) => own.includes(value))) {
        settings.complain(name, ` has a value of ${other.name}: each needs one of its own`)
      }
    }
  })
}
