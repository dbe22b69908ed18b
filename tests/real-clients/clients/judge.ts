import { exportJWK, generateKeyPair } from 'jose'
import * as v from 'valibot'
import type { ToolArguments } from '../../clients/tool-answer.ts'
import { type RealClientKind, toolName } from '../real-client.ts'

export const methods = ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const
export type AuthenticationMethod = (typeof methods)[number]

export interface JudgedTokens {
  readonly accessToken: string
  readonly refreshToken: string
}

/** A strict OAuth library. It refuses every answer that the specifications do not allow. */
export interface Judge {
  /** Discovers the metadata and registers. */
  register(metadata: RegistrationRequest): Promise<void>
  /** @returns the URL to which the user must go */
  authorizationUrl(scope: string): Promise<URL>
  redeem(answer: URL): Promise<JudgedTokens>
  refresh(refreshToken: string): Promise<JudgedTokens>
  revoke(token: string): Promise<void>
  /** Sends a request with the access token, and returns any answer. */
  fetch(accessToken: string, body: string, headers: Headers): Promise<Response>
}

/** Client metadata of RFC 7591 §2. */
export type RegistrationRequest = Readonly<Record<string, string | string[] | { keys: Record<string, string>[] }>>

export interface JudgeOptions {
  readonly issuer: URL
  readonly resource: URL
  readonly method: AuthenticationMethod
  readonly redirectUri: string
  /** The ES256 key for `private_key_jwt`. */
  readonly key: CryptoKey
  /** The token with which a resource server calls the introspection endpoint. */
  readonly introspectionToken: string
}

const redirectUri = 'http://127.0.0.1:33419/callback'
/** The id of the key for `private_key_jwt`. */
export const keyId = 'judge'
const called = v.object({
  result: v.object({ content: v.array(v.object({ type: v.string(), text: v.optional(v.string(), '') })) }),
})

/** An application on such a library. */
export function judgeKind(
  name: string,
  method: AuthenticationMethod,
  create: (options: JudgeOptions) => Judge,
): RealClientKind {
  return {
    name: `${name}, ${method}`,
    async start({ world, person }) {
      const { privateKey: key, publicKey } = await generateKeyPair('ES256')
      const { kty = '', crv = '', x = '', y = '' } = await exportJWK(publicKey)
      const jwk = { kty, crv, x, y, kid: keyId, alg: 'ES256', use: 'sig' }
      const { MCP_OAUTH_INTROSPECTION_TOKENS: introspectionToken = '' } = world.environment
      const [issuer, resource] = [new URL(world.url), new URL(world.mcpUrl)]
      const judge = create({ issuer, resource, method, redirectUri, key, introspectionToken })
      let tokens: JudgedTokens | undefined

      async function authorize(scope = 'docs:read'): Promise<JudgedTokens> {
        tokens = await judge.redeem(await person.signsIn(await judge.authorizationUrl(`${scope} offline_access`)))
        return tokens
      }
      const kept = () => {
        if (!tokens) throw new Error('not signed in')
        return tokens
      }

      const call = ({ accessToken }: JudgedTokens, name: string, args: ToolArguments) =>
        judge.fetch(
          accessToken,
          JSON.stringify({
            jsonrpc: '2.0',
            id: 1,
            method: 'tools/call',
            params: { name, arguments: args },
          }),
          new Headers({
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
            'mcp-protocol-version': '2025-11-25',
          }),
        )

      async function textsOf(response: Response): Promise<readonly string[]> {
        if (response.status !== 200) throw new Error(`the MCP endpoint answered ${response.status}`)
        return v.parse(called, messageIn(await response.text())).result.content.map(({ text }) => text)
      }

      return {
        async signIn() {
          await judge.register({
            client_name: name,
            redirect_uris: [redirectUri],
            grant_types: ['authorization_code', 'refresh_token'],
            response_types: ['code'],
            token_endpoint_auth_method: method,
            ...(method === 'private_key_jwt' && { jwks: { keys: [jwk] } }),
          })
          await authorize()
        },
        async use(tool, args) {
          const response = await call(kept(), tool, args)
          if (response.status !== 401 && response.status !== 403) return textsOf(response)
          const [, scope] = /scope="([^"]*)"/.exec(response.headers.get('www-authenticate') ?? '') ?? []
          return textsOf(await call(await authorize(scope), tool, args))
        },
        async askAtOnce(questions) {
          const { refreshToken } = kept()
          const all = await Promise.all(questions.map(() => judge.refresh(refreshToken)))
          const successors = new Set(all.map((one) => one.refreshToken))
          if (successors.size !== 1) throw new Error('one refresh token has several successors')
          tokens = all[0]
          return Promise.all(
            questions.map(async (question, index) => textsOf(await call(all[index] ?? kept(), toolName, { question }))),
          )
        },
        signOut: () => judge.revoke(kept().refreshToken),
        output: () => '',
        close: async () => {},
      }
    },
  }
}

/** One JSON-RPC message, alone or as the one event of a stream. */
function messageIn(body: string): unknown {
  return JSON.parse(/^data: (.*)$/m.exec(body)?.[1] ?? body)
}
