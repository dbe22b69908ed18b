import { type CountedCall, setRateLimit, tooManyCalls } from '../mcp/rate-limit-headers.ts'
import type { ReaderPageInput, ReaderTool } from '../oauth/pages/index.ts'
import type { Configuration } from '../settings/configuration.ts'
import { signInOf, type ToolSettings, toolsOf } from '../settings/tools.ts'

/** What readers are told, from the settings: the front page and the page of the documentation site say the same. */
export async function readerPageInput(configuration: Configuration, tools: ToolSettings): Promise<ReaderPageInput> {
  const { brand, resource, mcp, flow } = configuration
  const { apiReference, feedback } = tools
  return {
    brand,
    mcpUrl: resource,
    requireAuth: mcp.requireAuth,
    requireWorkEmail: tools.requireWorkEmail,
    limits: { ...mcp.limits, ...(tools.plans.length > 0 && { plans: tools.plans }) },
    limitedAnswer: await limitedAnswer(mcp.limits),
    ...(flow && { lifetimes: flow.lifetimes }),
    tools: readerTools(tools),
    feedbackTool: feedback?.tool.name,
    apiReferenceHost: URL.parse(apiReference?.hubUrl ?? '')?.host,
  }
}

/** In the order in which the server lists them. */
function readerTools(tools: ToolSettings): readonly ReaderTool[] {
  return toolsOf(tools).map((tool) => ({
    name: tool.name,
    title: tool.title,
    description: tool.description,
    access: signInOf(tool, tools.publicTools),
  }))
}

/** An hour of no importance: the sample has to stay the same. */
const sampleTime = Date.UTC(2026, 0, 1)

/** The refusal that `/mcp` sends in the middle of a window, by the code that sends it. */
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
