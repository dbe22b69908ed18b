import type { SettingsReader } from '../settings.ts'

/** RFC 6750 §2.1, and long enough that guessing it is hopeless even from many addresses. */
const form = /^[\w.~+/-]{32,}=*$/

/** Who registers a client has to show it; `undefined`: anybody may. */
export function readRegistrationToken(settings: SettingsReader): string | undefined {
  const token = settings.text('MCP_OAUTH_REGISTRATION_TOKEN')
  if (token !== undefined && !form.test(token)) {
    settings.complain('MCP_OAUTH_REGISTRATION_TOKEN must be 32 or more characters of a bearer token')
  }
  return token
}

/** Who asks about a token has to show one of them; none: nobody may. */
export function readIntrospectionTokens(settings: SettingsReader): readonly string[] {
  const tokens = settings.list('MCP_OAUTH_INTROSPECTION_TOKENS') ?? []
  if (!tokens.every((token) => form.test(token))) {
    settings.complain(
      'MCP_OAUTH_INTROSPECTION_TOKENS must be a list of tokens, each 32 or more characters of a bearer token',
    )
  }
  return tokens
}
