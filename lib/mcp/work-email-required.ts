import { jsonResponse } from '../base/well-formed.ts'
import type { WorkEmailProblem } from '../people/work-email.ts'
import { answerTo, type ProtectedResource } from '../resource-server/challenge.ts'

/** 403 without a challenge: no other token of this user would do, so the client must not ask for one. */
export function workEmailRequired(
  { documentationUrl, toolCall }: Pick<ProtectedResource, 'documentationUrl' | 'toolCall'>,
  { reason }: WorkEmailProblem,
): Response {
  const message = `This server is for people with a work email address, and ${why[reason]}. Sign in with another account.`
  const said = { error: 'work_email_required', reason, message, docs_url: documentationUrl }
  return jsonResponse(answerTo(toolCall, said), { status: 403 })
}

const why = {
  free_provider: 'the address of your account is at a provider that gives anyone a mailbox',
  disposable: 'the address of your account is at a service of disposable addresses',
  no_email: 'your account has no readable address',
}
