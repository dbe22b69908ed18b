import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createTestEndpoint } from '../../../dev/worlds/mcp-endpoint.ts'
import { HttpError } from '../../../lib/answers/errors.ts'
import { throwUnlessOk } from '../../../lib/answers/http.ts'
import { setRateLimit } from '../../../lib/mcp/rate-limit-headers.ts'
import { defineTool } from '../../../lib/mcp/tools/define-tool.ts'
import { success } from '../../../lib/mcp/tools/success.ts'
import { defaultBrand } from '../../../lib/pages/brand.ts'
import { planOf } from '../../../lib/people/plans.ts'
import { createSettingsReader } from '../../../lib/settings/reader.ts'
import { readFeedbackForm } from '../../../lib/settings/sign-in-configuration.ts'
import { table } from '../../../lib/settings/table.ts'
import { readToolChoices } from '../../../lib/settings/tool-choices.ts'
import { describeTools, type ToolSettings, toolsOf } from '../../../lib/settings/tools.ts'
import { anything, few, hostileHeader, hostileText } from '../hostile.ts'
import { members } from '../invariants.ts'
import { callOf } from '../mcp-endpoint.ts'
import { property } from '../property.ts'
import { type Message, mirrored, written } from './bodies.ts'
import { messageIn } from './tool-results.ts'

const siteUrl = 'https://docs.example.com'

/** A mark in many values. No text of the broker contains it. */
const canary = 'a-SECRET'
const text = fc.oneof(
  hostileText,
  hostileText.map((value) => value + canary),
  hostileText.map((value) => canary + value),
  fc.constant(canary),
)

/** URLs with a user name or password. */
const withUserInfo = fc.constantFrom(
  `https://user:${canary}@hub.example/`,
  `https://${canary}@hub.example/mcp?x#y`,
  `https://:${canary}@hub.example/`,
  `http://u:${canary}@127.0.0.1:9/`,
  `//u:${canary}@docs.example.com/`,
  `HTTPS:${canary}@hub.example`,
)
const url = fc.oneof(
  fc.constantFrom(
    'https://hub.example/mcp',
    'http://127.0.0.1:9/',
    'http://hub.example/',
    'https://',
    'off',
    'OFF',
    '//x',
  ),
  fc.constantFrom(
    'ftp://hub.example/',
    'https://hub.example:99999/',
    '/home/',
    '/\\evil.example/',
    '/\t/evil.example',
    '#',
  ),
  withUserInfo,
  text,
  text.map((value) => `https://hub.example/${value}`),
  text.map((value) => `https://${value}@hub.example/`),
)
const ownMembers = Object.getOwnPropertyNames(Object.prototype)
const name = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('ask', 'search', 'auth_status', 'whoami', 'a.b-c_d', 'then', 'toJSON') },
  { weight: 2, arbitrary: fc.constantFrom(...ownMembers) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom('', 'ask'), fc.integer({ max: 0xa0, min: 0 }), fc.constantFrom('', 'ask'))
      .map(([before, unit, after]) => before + String.fromCharCode(unit) + after),
  },
  { weight: 1, arbitrary: fc.constantFrom('é', 'a b', 'x'.repeat(65), '0', '-1', '.', 'a/b', 'a\u2028b', '\u202ea') },
  { weight: 1, arbitrary: text },
)
const names = fc.oneof(
  fc.array(name, { maxLength: 3 }).map((all) => all.join(',')),
  text,
  fc.constantFrom('ask_redpanda_question', 'whoami', 'submit_documentation_feedback', ',', ' , auth_status ,'),
)
const goodPlan = fc.record({ limit: fc.nat(1_000), organizations: fc.constant(['org_1']) })
const planName = fc.oneof(fc.constantFrom('team', 'user', 'address', '__proto__', 'a "team"', 'a\\', 'é'), text)
const plan = fc.oneof(
  goodPlan,
  fc.record({
    limit: fc.oneof(fc.integer({ min: -1, max: 1_001 }), text, anything),
    organizations: fc.oneof(fc.array(text, { maxLength: 2 }), fc.constantFrom(['org_1'], ['org_1', 'org_2']), anything),
    domains: fc.oneof(fc.array(text, { maxLength: 2 }), fc.constantFrom(['example.com'], ['Größe.example']), anything),
  }),
  few(1, { limit: fc.nat(1_000), organizations: fc.constant(['org_1']), unknown: anything }),
  anything,
)
const plans = fc.oneof(
  fc.dictionary(planName, plan, { maxKeys: 2 }).map((all) => JSON.stringify(all)),
  fc.constant(JSON.stringify({ team: { limit: 600, organizations: ['org_1'], domains: ['example.com'] } })),
  anything.map((value) => JSON.stringify(value)),
  text,
)

const environment = few(3, {
  MCP_TOOL_NAME: name,
  MCP_API_LIST_TOOL_NAME: name,
  MCP_API_SEARCH_TOOL_NAME: name,
  MCP_API_CONTENT_TOOL_NAME: name,
  MCP_FEEDBACK_TOOL_NAME: name,
  MCP_PUBLIC_TOOLS: names,
  MCP_PLANS: plans,
  MCP_API_HUB_URL: url,
  MCP_API_DOCS_URL: url,
  MCP_API_NAMES: names,
  MCP_FEEDBACK_FORM_PATH: url,
  MCP_FEEDBACK_FORM_NAME: text,
  KAPA_MCP_SERVER_URL: url,
  KAPA_API_URL: url,
  KAPA_PROJECT_ID: text,
  KAPA_INTEGRATION_ID: text,
  KAPA_ANSWERS: fc.constantFrom('written', 'passages', ''),
  KAPA_FEEDBACK_TOOL_NAME: name,
  KAPA_TOOL_NAME: text,
  MCP_LAZY_AUTH: text,
  REQUIRE_WORK_EMAIL: text,
}).map((all) => Object.fromEntries(Object.entries(all).map(([setting, value]) => [setting, String(value)])))

export const toolSettings = property({
  name: 'settings of the tools: every value is usable or reported as a problem, and no problem repeats it',
  cases: 3_000,
  values: environment,
  async holds(env) {
    const reader = createSettingsReader(env, table)
    const choices = readToolChoices(reader, { brand: defaultBrand, feedbackForm: readFeedbackForm(reader), siteUrl })
    const settings = describeTools(choices, defaultBrand)
    const problems = reader.problems.map(({ text }) => text)
    for (const problem of problems) assert(!problem.includes(canary), `the problem repeats a value: ${problem}`)
    for (const [setting, value] of Object.entries(env)) {
      const { username, password } = (/_(?:URL|PATH)$/.test(setting) && URL.parse(value, siteUrl)) || siteWithoutUser
      const complained = problems.some((problem) => problem.startsWith(`${setting} `))
      assert(complained || username + password === '', `${setting} may contain credentials`)
    }
    if (problems.length === 0) {
      expectUsable(settings)
      if (Object.keys(env).some((setting) => setting.endsWith('TOOL_NAME'))) await expectToBeListed(settings)
    }
    for (const plan of settings.plans) expectInHeaders(plan)
    const token = { email: 'ada@example.com', emailVerified: true, organization: { id: 'org_1' } }
    for (const person of [token, {}, { ...token, emailVerified: false }]) planOf(settings.plans, person)
  },
})

const siteWithoutUser = new URL(siteUrl)

/** Clients of both eras connect, list every tool, and can call each by its name. */
async function expectToBeListed(settings: ToolSettings): Promise<void> {
  const entries = toolsOf(settings)
  // The SDK accepts these names too, but warns on the console each time.
  if (entries.some(({ name }) => /^[.-]|[.-]$/.test(name))) return
  const hints = { readOnlyHint: true, openWorldHint: false }
  const object = { type: 'object' } as const
  const access = { signIn: 'never', scopes: [] } as const
  const tools = entries.map(({ name, title, description }) =>
    defineTool({
      name,
      title,
      description,
      access,
      hints,
      input: object,
      output: object,
      run: () => success({ name }),
    }),
  )
  const { fetch } = createTestEndpoint([], { url: siteUrl }, { tools, requireAuth: false })
  const asked = async (message: Message, modern: boolean) => {
    const request = callOf(written(message, modern), null)
    if (modern) for (const [header, value] of Object.entries(mirrored(message))) request.headers.set(header, value)
    return members(members(messageIn(await (await fetch(request)).text())).result)
  }
  for (const modern of [false, true]) {
    const { tools: listed } = await asked({ method: 'tools/list', id: 1 }, modern)
    assert(Array.isArray(listed))
    assert.deepEqual(
      listed.map((tool) => members(tool).name),
      entries.map(({ name }) => name),
    )
    for (const { name } of entries) {
      const { structuredContent } = await asked({ method: 'tools/call', id: 1, name, arguments: {} }, modern)
      assert.deepEqual(structuredContent, { name })
    }
  }
}

function expectUsable({ ask, apiReference: api, feedback, authStatus, whoami, kapa, publicTools }: ToolSettings): void {
  const tools = [ask, api?.list, api?.search, api?.content, feedback?.tool, authStatus, whoami].filter(
    (tool) => tool !== undefined,
  )
  for (const { name } of tools) assert.match(name, /^[A-Za-z0-9_.-]{1,64}$/)
  assert.equal(new Set(tools.map(({ name }) => name)).size, tools.length)
  for (const name of publicTools) {
    assert(
      tools.some((tool) => tool.name === name),
      'a public tool that does not exist',
    )
    assert(name !== whoami.name && name !== feedback?.tool.name, 'a public tool that needs a signed-in user')
  }
  for (const url of [kapa.url, api?.hubUrl, feedback?.url]) if (url !== undefined) expectToBeFetched(url)
  if (api?.pagesUrl !== undefined) expectToBeFetched(`${api.pagesUrl}/admin`)
  if (kapa.kind === 'rest') assert.equal(encodeURIComponent(kapa.projectId), kapa.projectId)
}

/** Throws unless the URL uses TLS or loopback, and `fetch` accepts it. */
function expectToBeFetched(url: string): void {
  const { protocol, hostname, username, password } = new URL(new Request(url).url)
  assert.equal(username + password, '')
  assert(protocol === 'https:' || (protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname)), url)
}

/** A plan's name is part of a structured field (RFC 9651), and must not end its string there. */
function expectInHeaders({ policy, limit = 1 }: ToolSettings['plans'][number]): void {
  assert(Number.isInteger(limit) && limit > 0)
  const headers = new Headers()
  setRateLimit(headers, { limited: false, policy, limit, windowSeconds: 900, remaining: limit, resetAfter: 1 }, 0)
  assert.equal(headers.get('ratelimit-policy'), `"${policy}";q=${limit};w=900`)
  assert.match(headers.get('ratelimit-policy') ?? '', /^"[\x20\x21\x23-\x5b\x5d-\x7e]+";q=\d+;w=900$/)
}

const httpDate = fc
  .date({ noInvalidDate: true, min: new Date('1000-01-01'), max: new Date('9999-12-31') })
  .map((date) => date.toUTCString())
const retryAfter = fc.oneof(
  fc.oneof(fc.nat(), fc.double(), fc.maxSafeInteger()).map(String),
  httpDate,
  httpDate.map((date) => date.slice(0, -4)),
  fc.constantFrom('+40', '40, 50', '0x10', '1e3', '-1', '٣', 'Monday', 'Sun', ' 7 '),
  hostileHeader,
)

export const retryAfterHeaders = property({
  name: 'Retry-After of Kapa or the hub: becomes at most a day in seconds, or nothing',
  cases: 500,
  values: fc.record({ value: retryAfter, status: fc.constantFrom(429, 503, 500, 404) }),
  async holds({ value, status }) {
    const response = new Response('busy', { status })
    response.headers.set('retry-after', /^[\x20-\x7e\x80-\xff]*$/.test(value) ? value : '')
    const error: unknown = await throwUnlessOk(response).catch((thrown: unknown) => thrown)
    assert(error instanceof HttpError && error.status === status)
    const { retryAfter: seconds } = error
    assert(seconds === undefined || (Number.isInteger(seconds) && seconds >= 0 && seconds <= 86_400), `${seconds}`)
    if (/^\d{1,5}$/.test(value)) assert.equal(seconds, Math.min(Number(value), 86_400))
    if (/^[+-]|^\D*$/.test(value)) assert.equal(seconds, undefined)
  },
})
