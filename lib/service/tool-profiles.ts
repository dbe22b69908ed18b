import type { Access } from '../mcp/tools/access.ts'
import type { ToolProfile } from '../mcp/tools/tool.ts'
import { scopes } from '../settings/docs-resource.ts'
import { privateScope } from '../settings/private-scope.ts'
import { signInOf, type ToolSettings, type ToolTexts } from '../settings/tools.ts'

/** The scopes that a token needs to use `/mcp`, and to send feedback. */
const [read, feedbackScope] = scopes

export type ToolProfiles = ReturnType<typeof toolProfiles>

/** Returns what is known of each tool before its code is loaded: its texts, and who may call it. In the order of `tools/list`. */
export function toolProfiles(settings: ToolSettings) {
  const { ask, apiReference: api, feedback, answerFeedback, privatePages, authStatus, whoami, publicTools } = settings
  const open = (texts: ToolTexts): ToolProfile => ({ ...texts, access: accessOf(texts, publicTools) })
  const ofPerson = (texts: ToolTexts, needed: readonly string[]): ToolProfile => ({
    ...texts,
    access: { signIn: 'always', scopes: needed },
  })
  return {
    ask: open(ask),
    list: api && open(api.list),
    search: api && open(api.search),
    content: api && open(api.content),
    privatePages: privatePages && ofPerson(privatePages.tool, [read, privateScope]),
    feedback: feedback && ofPerson(feedback.tool, [read, feedbackScope]),
    answerFeedback: answerFeedback && ofPerson(answerFeedback, [read, feedbackScope]),
    authStatus: open(authStatus),
    whoami: ofPerson(whoami, [read]),
  }
}

/** Returns who may call a tool that need not know the user. */
function accessOf(texts: ToolTexts, publicTools: readonly string[]): Access {
  const signIn = signInOf({ ...texts, ofPerson: false }, publicTools)
  return { signIn, scopes: signIn === 'never' ? [] : [read] }
}
