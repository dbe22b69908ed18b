import { createFeedbackForm, withheldForm } from '../answers/feedback-form.ts'
import { defined } from '../base/defined.ts'
import { authStatus } from '../mcp/tools/auth-status.ts'
import { submitFeedback } from '../mcp/tools/feedback.ts'
import type { Tool } from '../mcp/tools/tool.ts'
import { whoami } from '../mcp/tools/whoami.ts'
import { scopes } from '../oauth/capabilities.ts'
import { grantsOfPerson } from '../oauth/grants/of-person.ts'
import type { Configuration } from '../settings/configuration.ts'
import type { ToolSettings } from '../settings/tools.ts'
import type { Store } from '../store/store.ts'
import { accessOf } from './documentation-tools.ts'
import { log } from './log.ts'

/** The scopes that a token needs to use `/mcp`, and to send feedback. */
const [read, feedbackScope] = scopes

/** Creates the tools that need to know the user. */
export function createAccountTools(
  settings: ToolSettings,
  { issuer, brand, documentationUrl, mcp, resource, telling, accountUrl }: Configuration,
  store: Store,
): readonly Tool[] {
  const { feedback } = settings
  const preview = telling === 'as a preview' ? issuer : undefined
  const feedbackTool =
    feedback &&
    submitFeedback({
      ...feedback.tool,
      access: { signIn: 'always', scopes: [read, feedbackScope] },
      form: telling === 'none' ? withheldForm(feedback.url) : createFeedbackForm(defined({ ...feedback, preview })),
      log,
    })
  const tools = [
    feedbackTool,
    authStatus({
      ...settings.authStatus,
      access: accessOf(settings.authStatus, settings.publicTools),
      requireAuth: mcp.requireAuth,
      whoami: settings.whoami.name,
      serverUrl: resource,
      documentationUrl,
      privacyUrl: brand.privacyUrl,
    }),
    whoami({
      ...settings.whoami,
      access: { signIn: 'always', scopes: [read] },
      connectionsOf: (grant, signal) => grantsOfPerson(store, grant, Date.now(), signal),
      supportUrl: brand.supportUrl,
      accountUrl,
      log,
    }),
  ]
  return tools.filter((tool) => tool !== undefined)
}
