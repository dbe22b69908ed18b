import { createFeedbackForm, withheldForm } from '../answers/feedback-form.ts'
import { createKapaFeedback, withheldFeedback } from '../answers/kapa-feedback.ts'
import { defined } from '../base/defined.ts'
import { authStatus } from '../mcp/tools/auth-status.ts'
import { submitFeedback } from '../mcp/tools/feedback.ts'
import { rateAnswer } from '../mcp/tools/rate-answer.ts'
import type { Tool } from '../mcp/tools/tool.ts'
import { whoami } from '../mcp/tools/whoami.ts'
import { grantsOfPerson } from '../oauth/grants/of-person.ts'
import type { Configuration } from '../settings/configuration.ts'
import type { ToolSettings } from '../settings/tools.ts'
import type { Store } from '../store/store.ts'
import { log } from './log.ts'
import type { ToolProfiles } from './tool-profiles.ts'

/** Creates the tools that need to know the user. */
export function createAccountTools(
  { feedback, kapa }: Pick<ToolSettings, 'feedback' | 'kapa'>,
  profiles: ToolProfiles,
  { issuer, brand, documentationUrl, mcp, resource, telling, accountUrl }: Configuration,
  store: Store,
): readonly Tool[] {
  const preview = telling === 'as a preview' ? issuer : undefined
  const feedbackTool =
    feedback &&
    profiles.feedback &&
    submitFeedback({
      ...profiles.feedback,
      form: telling === 'none' ? withheldForm(feedback.url) : createFeedbackForm(defined({ ...feedback, preview })),
      log,
    })
  const answerFeedback =
    kapa.kind === 'rest' && telling !== 'none'
      ? createKapaFeedback({ url: kapa.url, apiKey: mcp.kapaApiKey ?? '', log })
      : withheldFeedback
  const tools = [
    feedbackTool,
    profiles.answerFeedback && rateAnswer({ ...profiles.answerFeedback, feedback: answerFeedback }),
    authStatus({
      ...profiles.authStatus,
      requireAuth: mcp.requireAuth,
      whoami: profiles.whoami.name,
      serverUrl: resource,
      documentationUrl,
      privacyUrl: brand.privacyUrl,
    }),
    whoami({
      ...profiles.whoami,
      connectionsOf: (grant, signal) => grantsOfPerson(store, grant, Date.now(), signal),
      supportUrl: brand.supportUrl,
      accountUrl,
      log,
    }),
  ]
  return tools.filter((tool) => tool !== undefined)
}
