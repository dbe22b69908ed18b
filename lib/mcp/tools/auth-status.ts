import type { Access } from './access.ts'
import { success } from './success.ts'
import { defineTool, type Tool } from './tool.ts'

export interface AuthStatusOptions {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly access: Access
  /** Whether the other tools need a sign-in. */
  readonly requireAuth: boolean
  /** The tool that always needs one: calling it makes a client ask the person. */
  readonly whoami: string
  /** What people type into their client. */
  readonly serverUrl: string
  readonly documentationUrl: string
  readonly privacyUrl: string | undefined
}

/**
 * Tells anybody whether they have signed in, in words that a model can pass on (F-001-19). It says nothing that the
 * metadata documents do not say, and of the token only what it allows. A bad token never gets here: it is answered 401.
 */
export function authStatus(options: AuthStatusOptions): Tool {
  const { requireAuth, whoami, serverUrl, documentationUrl, privacyUrl, ...tool } = options
  const about = {
    sign_in_required: requireAuth,
    how_to_sign_in: `The client does it. It opens a sign-in page in the browser as soon as a tool needs it, ${whoami} for one, or when the person chooses to authenticate, log in or connect in the client's settings for this server.`,
    how_to_sign_out:
      'In the client: log out of this server, clear its authentication, or remove it. Where the client tells this server so, the connection has ended a minute later at most; the documentation says which clients do, and what to do about others.',
    server: serverUrl,
    documentation: documentationUrl,
    ...(privacyUrl !== undefined && { privacy: privacyUrl }),
  }
  return defineTool<Record<string, never>>({
    ...tool,
    hints: { readOnly: true, idempotent: true, openWorld: false },
    input: { type: 'object', properties: {} },
    output: {
      type: 'object',
      properties: {
        signed_in: { type: 'boolean', description: 'Whether this call came from somebody who has signed in.' },
        scopes: { type: 'array', items: { type: 'string' }, description: 'What the person has allowed this client.' },
        sign_in_required: { type: 'boolean', description: 'Whether the tools that answer questions need a sign-in.' },
        how_to_sign_in: { type: 'string' },
        how_to_sign_out: { type: 'string' },
        server: { type: 'string', description: 'The URL of this server, as clients are given it.' },
        documentation: { type: 'string', description: 'Where a person reads about all of this.' },
        privacy: { type: 'string', description: 'Where a person reads what becomes of their data.' },
      },
      required: ['signed_in', 'sign_in_required', 'how_to_sign_in', 'how_to_sign_out', 'server', 'documentation'],
    },
    run: (_input, { token }) =>
      success({ signed_in: token !== undefined, ...(token && { scopes: token.scope }), ...about }),
  })
}
