import { jsonResponse } from '../base/well-formed.ts'
import { answerTo, type ProtectedResource } from '../resource-server/challenge.ts'

/** 403 without a challenge: no other token of this user would do, so the client must not ask for one. */
export function roleRequired({
  documentationUrl,
  toolCall,
}: Pick<ProtectedResource, 'documentationUrl' | 'toolCall'>): Response {
  const message =
    'This account may not use this server. Sign in with another account, or ask the team that runs the server.'
  const said = { error: 'role_required', message, docs_url: documentationUrl }
  return jsonResponse(answerTo(toolCall, said), { status: 403 })
}
