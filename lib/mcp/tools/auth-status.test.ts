import { describe, expect, test } from 'vitest'
import { claims, resource, sign } from '../../../dev/worlds/mcp-endpoint.ts'
import { mcpForTests } from '../../../dev/worlds/mcp-for-tests.ts'
import { post, resultOf, rpc } from '../../../dev/worlds/mcp-requests.ts'
import { defined } from '../../base/defined.ts'
import { authStatus } from './auth-status.ts'

const now = Date.now()
const mcp = mcpForTests(now)

async function status(requireAuth: boolean, authorization?: string) {
  const tool = authStatus({
    name: 'auth_status',
    title: 'Sign-in Status',
    description: 'Tells.',
    access: { signIn: 'never', scopes: [] },
    requireAuth,
    whoami: 'who_is_it',
    serverUrl: resource,
    documentationUrl: 'https://docs.example.com/connect',
    privacyUrl: 'https://example.com/privacy',
  })
  const { fetch } = mcp.endpoint({ requireAuth, tools: [tool] })
  const call = rpc('tools/call', { name: 'auth_status', arguments: {} })
  return fetch(post(call, defined({ authorization })))
}

describe('auth_status', () => {
  test.each([true, false])(
    'tells an anonymous caller how to sign in, and whether that is required: %s',
    async (required) => {
      const { result } = await resultOf(await status(required))
      expect(result.isError).not.toBe(true)
      const said = JSON.parse(result.content[0]?.text ?? '')
      expect(said).toEqual({
        signed_in: false,
        sign_in_required: required,
        how_to_sign_in: expect.stringContaining('who_is_it'),
        how_to_sign_out: expect.any(String),
        server: resource,
        documentation: 'https://docs.example.com/connect',
        privacy: 'https://example.com/privacy',
      })
      expect(result).toMatchObject({ structuredContent: said })
    },
  )

  test('tells a signed-in user what the client may do, and nothing else of the token', async () => {
    const payload = claims(now, { scope: 'docs:feedback' })
    const token = await sign(mcp.key, payload)
    const answer = await (await status(true, `Bearer ${token}`)).text()
    expect(answer).toContain('"signed_in":true,"scopes":["docs:feedback"]')
    for (const secret of [token, payload.jti, payload.grant, payload.email, payload.client_id, payload.sub]) {
      expect(answer).not.toContain(secret)
    }
  })

  test('does not answer an invalid token, which its client has to replace', async () => {
    expect((await status(false, 'Bearer bad')).status).toBe(401)
  })
})
