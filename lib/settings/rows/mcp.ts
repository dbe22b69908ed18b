import {
  choice,
  custom,
  flag,
  limit,
  line,
  lines,
  list,
  listOf,
  optionalFlag,
  type Rows,
  text,
  url,
  urlOrOff,
  windowSeconds,
  withDefault,
  word,
} from '../forms.ts'
import { isHsts } from '../hsts.ts'
import { originOf } from '../origins.ts'
import { parsePlans } from '../plans.ts'
import { parseSecret, secretForm } from '../secrets.ts'
import { isSecureUrl } from '../urls.ts'

const mcp = { subject: 'mcp' } as const

/** Some clients refuse a server with any other name of a tool (SEP-986). Names of `Object.prototype` break clients. */
const toolName = () =>
  text(
    mcp,
    '1 to 64 letters, digits, "_", "-" or ".", and neither begin nor end with "-" or "."',
    (name) => /^\w(?:[\w.-]{0,62}\w)?$/.test(name) && !(name in {}),
  )

const id = (what: string) => text(mcp, `the id of ${what}`, (text) => /^[\w-]{1,100}$/.test(text))

/** The other settings of `/mcp` and its tools. */
export const mcpRows = {
  REQUIRE_AUTH: flag(mcp, true),
  REQUIRE_WORK_EMAIL: flag(mcp, true),
  MCP_VAULT_KEYS: list({ subject: 'sign-in', secret: true }, secretForm, parseSecret),
  MCP_VAULT_SCOPES: line({ subject: 'sign-in' }, 1000),
  MCP_VAULT_AUDIENCE: line({ subject: 'sign-in' }, 300),
  MCP_PRIVATE_PAGES_URL: urlOrOff(
    mcp,
    'an https URL without ? and #, or off',
    (text) => isSecureUrl(text) && !/[?#]/.test(text),
  ),
  MCP_PRIVATE_PAGES_TOOL_NAME: withDefault('search_private_pages', toolName()),
  MCP_PRIVATE_PAGES_SERVICE_TOKEN: text(
    { ...mcp, secret: true },
    'a token without spaces, as the pages take it after Bearer',
    (token) => /^[\w.~+/-]{8,4096}=*$/.test(token),
  ),
  // `hsts.ts` reads it for every answer.
  MCP_HSTS: text(
    { subject: 'none' },
    'off, or max-age=<seconds>, with or without ; includeSubDomains and ; preload',
    isHsts,
  ),
  // `role-choices.ts` reads it. Its code is loaded only where the setting is there.
  MCP_ROLES: text({ subject: 'service' }, 'a JSON object of roles', () => true),
  MCP_PUBLIC_TOOLS: listOf(mcp, 'the name of a tool of this server that needs no sign-in', () => true),
  MCP_LAZY_AUTH: flag(mcp),
  MCP_ASK_ALL_SCOPES: optionalFlag(mcp),
  MCP_EVENT_STREAMS: withDefault(true, optionalFlag(mcp, true)),
  MCP_ALLOWED_ORIGINS: list(
    mcp,
    'an origin such as https://chat.example.com or tauri://localhost, without a path, or https://*',
    originOf,
  ),

  KAPA_MCP_SERVER_URL: url({ ...mcp, ofRedpanda: 'https://redpanda.mcp.kapa.ai' }),
  KAPA_TOOL_NAME: word(mcp),
  KAPA_PROJECT_ID: id('a project'),
  KAPA_API_URL: withDefault('https://api.kapa.ai', url(mcp)),
  KAPA_INTEGRATION_ID: id('an integration'),
  KAPA_ANSWERS: withDefault<'passages' | 'written'>(
    'passages',
    choice(mcp, { passages: 'passages', written: 'written' }, 'passages'),
  ),
  KAPA_MODE: choice<'default' | 'deep'>(mcp, { default: 'default', deep: 'deep' }, 'default'),
  KAPA_PRUNING: flag(mcp),
  KAPA_REDACTION: flag(mcp, true),
  KAPA_CLIENT_META: flag(mcp),
  KAPA_SOURCE_GROUPS: listOf(mcp, 'the id of a source group', (text) => /^[\w-]{1,100}$/.test(text)),
  KAPA_FEEDBACK_TOOL_NAME: toolName(),
  MCP_SKILLS_DIR: text(
    mcp,
    'a folder of the repository, such as skills: letters, digits, "_", "-", "." and "/", without ".."',
    (path) => /^(?!.*\.\.)\w[\w./-]{0,199}$/.test(path),
  ),
  MCP_TOOL_NAME: toolName(),
  MCP_TOOL_TITLE: line(mcp, 200),
  MCP_TOOL_DESCRIPTION: lines(mcp, 2000),

  MCP_API_HUB_URL: urlOrOff(
    { ...mcp, ofRedpanda: 'https://bump.sh/redpanda/hub/redpanda/mcp' },
    'an https URL, or off',
    isSecureUrl,
  ),
  MCP_API_DOCS_URL: text(
    { ...mcp, ofRedpanda: 'https://docs.redpanda.com/api/doc' },
    'an https URL without ? and #',
    (text) => isSecureUrl(text) && !/[?#]/.test(text),
  ),
  MCP_API_NAMES: listOf(
    { ...mcp, ofRedpanda: ['admin', 'cloud-controlplane', 'cloud-dataplane', 'http-proxy', 'schema-registry'] },
    'the name of an API: letters, digits, ".", "_" and "-"',
    (name) => /^[\w.-]{1,100}$/.test(name),
  ),
  MCP_API_LIST_TOOL_NAME: withDefault('list_api_reference_pages', toolName()),
  MCP_API_SEARCH_TOOL_NAME: withDefault('search_api_reference', toolName()),
  MCP_API_CONTENT_TOOL_NAME: withDefault('get_api_reference_content', toolName()),

  MCP_FEEDBACK_FORM_NAME: withDefault('api-feedback', line(mcp)),
  MCP_FEEDBACK_TOOL_NAME: withDefault('submit_documentation_feedback', toolName()),

  MCP_USER_LIMIT: limit(mcp, 60),
  MCP_MACHINE_LIMIT: limit(mcp, 200),
  MCP_PLANS: custom(mcp, 'a JSON object of plans', parsePlans),
  MCP_ANONYMOUS_LIMIT: limit(mcp, 60),
  MCP_LIMIT_WINDOW_SEC: windowSeconds(mcp, 900),
} as const satisfies Rows
