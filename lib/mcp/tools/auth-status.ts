import { defined } from '../../base/defined.ts'
import { defineTool } from './define-tool.ts'
import { success } from './success.ts'
import type { Tool, ToolProfile } from './tool.ts'

export interface AuthStatusOptions extends ToolProfile {
  /** Whether the other tools need a sign-in. */
  readonly requireAuth: boolean
  /** The tool that always needs a sign-in: calling it makes the client ask the user. */
  readonly whoami: string
  /** The URL that users enter in their client. */
  readonly serverUrl: string
  readonly documentationUrl: string
  readonly privacyUrl: string | undefined
}

/**
 * Tells any caller whether they are signed in, in words that a model can pass on (F-001-19). It says nothing that the
 * metadata documents do not say, and about the token only what it allows. A bad token never gets here: it is answered 401.
 */
export function authStatus(options: AuthStatusOptions): Tool {
  const { requireAuth, whoami, serverUrl, documentationUrl, privacyUrl, ...tool } = options
  const about = {
    sign_in_required: requireAuth,
    how_to_sign_in: `The client starts the sign-in. It opens a sign-in page in the browser as soon as a tool needs it (${whoami}, for example), or when the user chooses to authenticate, log in or connect in the client's settings for this server.`,
    how_to_sign_out:
      'In the client, log out of this server, clear its authentication, or remove it. If the client reports this to the server, the connection ends within a minute. The documentation lists the clients that do, and what to do in other clients.',
    server: serverUrl,
    documentation: documentationUrl,
    ...defined({ privacy: privacyUrl }),
  }
  return defineTool<Record<string, never>>({
    ...tool,
    hints: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
    input: { type: 'object', properties: {} },
    output: {
      type: 'object',
      properties: {
        signed_in: { type: 'boolean', description: 'Whether the user is signed in.' },
        scopes: { type: 'array', items: { type: 'string' }, description: 'What the user has allowed this client.' },
        sign_in_required: { type: 'boolean', description: 'Whether the tools that answer questions need a sign-in.' },
        how_to_sign_in: { type: 'string' },
        how_to_sign_out: { type: 'string' },
        server: { type: 'string', description: 'The URL of this server, as entered in clients.' },
        documentation: { type: 'string', description: 'URL of the documentation on connecting and signing in.' },
        privacy: { type: 'string', description: 'URL of the privacy policy.' },
      },
      required: ['signed_in', 'sign_in_required', 'how_to_sign_in', 'how_to_sign_out', 'server', 'documentation'],
    },
    run: (_input, { token }) =>
      success({ signed_in: token !== undefined, ...defined({ scopes: token?.scope }), ...about }),
  })
}
