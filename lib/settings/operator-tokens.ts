import type { SettingsReader } from './reader.ts'

/** Who registers a client has to show it; `undefined`: anybody may. */
export function readRegistrationToken(settings: SettingsReader): string | undefined {
  const token = settings.text('MCP_OAUTH_REGISTRATION_TOKEN')
  if (token !== undefined && !isStrong(token)) {
    settings.complain(`MCP_OAUTH_REGISTRATION_TOKEN must be ${strong}`)
  }
  return token
}

/** Who asks about a token has to show one of them; none: nobody may. */
export function readIntrospectionTokens(settings: SettingsReader): readonly string[] {
  return settings.entries('MCP_OAUTH_INTROSPECTION_TOKENS', strong, (token) => (isStrong(token) ? token : null)) ?? []
}

const strong = '32 or more random characters of a bearer token: make one with npm run secret'

/** RFC 6750 §2.1, and long and mixed enough that guessing it is hopeless even from many addresses. */
function isStrong(token: string): boolean {
  const mixed = /\d/.test(token) || (/[a-z]/.test(token) && /[A-Z]/.test(token))
  return /^[\w.~+/-]{32,}=*$/.test(token) && mixed && new Set(token).size >= 10 && !isRepeated(token)
}

/** One text several times over: found again in itself, doubled, before its end. */
const isRepeated = (token: string) => (token + token).indexOf(token, 1) < token.length

/** What opens a door: a value that opens two lets who may pass the one pass the other. */
const doors = [
  'MCP_OAUTH_REGISTRATION_TOKEN',
  'MCP_OAUTH_INTROSPECTION_TOKENS',
  'MCP_OAUTH_SECRET',
  'MCP_OAUTH_PREVIOUS_SECRETS',
  'MCP_OAUTH_RETIRED_SECRETS',
  'UPSTREAM_CLIENT_SECRET',
  'KAPA_API_KEY',
]

/** Complains of tokens of the operator that are also the value of another setting, or stand in a list twice. */
export function refuseEqualTokens(settings: SettingsReader): void {
  const valuesOf = new Map(doors.map((name) => [name, (settings.list(name) ?? []).filter(isStrong)]))
  const tokens = ['MCP_OAUTH_REGISTRATION_TOKEN', 'MCP_OAUTH_INTROSPECTION_TOKENS']
  for (const name of tokens) {
    const own = valuesOf.get(name) ?? []
    if (new Set(own).size < own.length) settings.complain(`${name} has a value twice: each needs one of its own`)
    for (const [other, values] of valuesOf) {
      // Of two tokens the complaint is one.
      if (tokens.includes(other) && tokens.indexOf(other) <= tokens.indexOf(name)) continue
      if (own.some((value) => values.includes(value))) {
        settings.complain(`${name} has a value of ${other}: each needs one of its own`)
      }
    }
  }
}
