import type { GuideInput, GuideTool } from '../guide/input.ts'
import { setRateLimit } from '../mcp/rate-limit-headers.ts'
import { type CountedCall, tooManyCalls } from '../mcp/tool-call-limits.ts'
import type { Configuration } from '../settings/configuration.ts'
import { signInOf, type ToolSettings, toolsOf } from '../settings/tools.ts'

/** Makes the input of the guide from the settings. */
export async function guideInput(configuration: Configuration, tools: ToolSettings): Promise<GuideInput> {
  const { brand, resource, mcp, signIn } = configuration
  const { apiReference, feedback, answerFeedback } = tools
  return {
    brand,
    mcpUrl: resource,
    requireAuth: mcp.requireAuth,
    accountUrl: configuration.accountUrl,
    requireWorkEmail: tools.requireWorkEmail,
    limits: { user: mcp.limits.user, address: mcp.limits.address, plans: tools.plans.length > 0 },
    limitedAnswer: await limitedAnswer(mcp.limits),
    lifetimes: signIn?.lifetimes,
    tools: guideTools(tools),
    feedbackTool: feedback?.tool.name,
    answerFeedbackTool: answerFeedback?.name,
    apiReferenceHost: URL.parse(apiReference?.hubUrl ?? '')?.host,
  }
}

/** The tools in the order in which the server lists them. */
function guideTools(tools: ToolSettings): readonly GuideTool[] {
  return toolsOf(tools).map((tool) => ({
    name: tool.name,
    description: tool.description,
    access: signInOf(tool, tools.publicTools),
  }))
}

/** Fixed, so that the sample stays the same. */
const sampleTime = Date.UTC(2026, 0, 1)

/** The refusal that `/mcp` sends in the middle of a window, made by the code that sends it; `undefined` without a limit. */
async function limitedAnswer({ user, address }: Configuration['mcp']['limits']): Promise<string | undefined> {
  const limit = user ?? address
  if (!limit) return undefined
  const counted: CountedCall = {
    ...limit,
    limited: true,
    remaining: 0,
    resetAfter: Math.ceil(limit.windowSeconds / 2),
    policy: user ? 'user' : 'address',
  }
  const response = tooManyCalls(counted, 7)
  setRateLimit(response.headers, counted, sampleTime)
  const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`)
  return ['HTTP/2 429', ...headers, '', await response.text()].join('\n')
}
