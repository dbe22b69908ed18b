import type { Description } from './description.ts'

export const access = {
  REQUIRE_AUTH: {
    what: '`true`: `/mcp` answers 401 without a token, so that clients sign users in. `false`: such requests pass, and are logged.',
    more: 'A bad token never passes, and a placeholder in its place is a bad token.',
    example: 'true',
  },
  REQUIRE_WORK_EMAIL: {
    what: '`true`: a user without an email address, or with one at a free or disposable email provider, gets 403 at `/mcp`.',
    more: 'See [which addresses](#what-is-a-work-address). Without `REQUIRE_AUTH`, such a user can still ask without signing in.',
    example: 'true',
  },
  MCP_PUBLIC_TOOLS: {
    what: 'Tools that need no sign-in even with `REQUIRE_AUTH=true`.',
    more: '`whoami` and the tool for feedback need to know the user, and cannot be among them.',
    default: '`auth_status`',
    example: 'auth_status,ask_example_question',
  },
  MCP_LAZY_AUTH: {
    what: '`true`: with `REQUIRE_AUTH=true`, clients connect and list the tools without a token, and sign in when a tool needs it.',
    more: 'See [below](#tools-that-need-no-sign-in).',
    example: 'true',
  },
  MCP_ASK_ALL_SCOPES: {
    what: '`true`: clients request the scope of feedback at the sign-in. `false`: a client requests it when the tool for feedback needs it. Clients on the TypeScript SDK 1.x cannot do that.',
    more: 'The 401 tells clients which scopes to ask for. With `true`, the consent page names both, and the user can leave feedback out. See [why](#feedback).',
    default: '`true` where there is a tool for feedback',
    example: 'false',
  },
  MCP_EVENT_STREAMS: {
    what: '`false`: every answer of `/mcp` is one JSON document. Clients get no progress while a tool runs.',
    more: 'For a proxy in front of the service that holds event streams back. Every MCP client has to read both forms.',
    example: 'false',
  },
  MCP_ALLOWED_ORIGINS: {
    what: 'More origins whose scripts may call tools that need no sign-in: web pages, apps, or `https://*` for every page on https.',
    more: 'Upper case, the default port and a trailing slash do not matter. Known web clients and pages on the caller’s own machine are always allowed, and with a good token every page is. A page that is missing here gets 403 for such a call, and is led to the sign-in otherwise.',
    example: 'https://chat.example.com,tauri://localhost',
  },
} as const satisfies Readonly<Record<string, Description>>

export const kapa = {
  KAPA_API_KEY: {
    what: 'The API key of the Kapa project, for its hosted MCP server or for the REST API.',
    more: 'If Kapa refuses it, the log has `kapa_failed` with `HTTP 401`.',
    default: 'none: required',
  },
  KAPA_MCP_SERVER_URL: {
    what: 'Kapa’s hosted MCP server, which answers the questions.',
    more: 'With a brand of your own, this setting or `KAPA_PROJECT_ID` is required. If it is the wrong server, the log has `kapa_failed`.',
    example: 'https://example.mcp.kapa.ai',
  },
  KAPA_TOOL_NAME: {
    what: 'The name of Kapa’s tool that takes `query`.',
    more: 'If Kapa has no such tool, the log has `kapa_failed`, or the answer says so.',
    default: '`search_<brand>_knowledge_sources`',
    example: 'search_example_knowledge_sources',
  },
  KAPA_PROJECT_ID: {
    what: 'The id of a Kapa project without a hosted MCP server. Questions then go to Kapa’s REST API.',
    more: 'Together with `KAPA_MCP_SERVER_URL` it is a mistake. If Kapa does not know it, the log has `kapa_failed` with `HTTP 404`.',
    default: 'none: the hosted MCP server',
    example: '0b9a3b4e-1c2d-4e5f-8a9b-0c1d2e3f4a5b',
  },
  KAPA_API_URL: {
    what: 'Kapa’s REST API, used with `KAPA_PROJECT_ID` only.',
    more: 'If it is the wrong server, the log has `kapa_failed`.',
    example: 'https://kapa.example.com',
  },
  KAPA_INTEGRATION_ID: {
    what: 'The id of an API integration at Kapa, under which its statistics count the questions. Used with `KAPA_PROJECT_ID` only.',
    more: 'If Kapa does not know it, the log has `kapa_failed`, or Kapa counts the questions elsewhere.',
    default: 'none: Kapa’s default',
    example: '5f4e3d2c-1b0a-4f9e-8d7c-6b5a4f3e2d1c',
  },
  KAPA_ANSWERS: {
    what: '`passages`: Kapa finds passages, and the user’s own model writes the answer. `written`: Kapa writes the answer, and the sources follow it. Used with `KAPA_PROJECT_ID` only.',
    more: 'A written answer takes Kapa longer, and has an id that `KAPA_FEEDBACK_TOOL_NAME` needs.',
    example: 'written',
  },
  KAPA_MODE: {
    what: 'How Kapa searches for passages: `default`, or `deep`, which finds more and takes several times as long. Used with `KAPA_PROJECT_ID` only.',
    default: 'none: Kapa’s default',
    example: 'deep',
  },
  KAPA_PRUNING: {
    what: '`true`: Kapa removes what does not fit the question from the passages, which takes it about a second more. Used with `KAPA_PROJECT_ID` only.',
    example: 'true',
  },
  KAPA_REDACTION: {
    what: '`true`: Kapa removes personal data from a question before it stores it. Used with `KAPA_PROJECT_ID` only.',
    example: 'true',
  },
  KAPA_CLIENT_META: {
    what: '`true`: Kapa is told the name and the version of the MCP client that asks, if the client says them. Used with `KAPA_PROJECT_ID` only.',
    example: 'true',
  },
  KAPA_SOURCE_GROUPS: {
    what: 'The ids of the groups of sources at Kapa that may answer. Used with `KAPA_PROJECT_ID` only.',
    more: 'If Kapa does not know one, the log has `kapa_failed` with `HTTP 400`.',
    default: 'none: all sources',
    example: 'a1b2c3d4-1111-4222-8333-444455556666',
  },
  KAPA_FEEDBACK_TOOL_NAME: {
    what: 'The name of a tool by which users tell Kapa whether a written answer was right. It needs `KAPA_ANSWERS=written`, and the user’s scope for feedback.',
    more: 'Not to be confused with `MCP_FEEDBACK_TOOL_NAME`, which sends feedback on a page to the documentation team.',
    default: 'none: there is no such tool',
    example: 'rate_answer',
  },
  MCP_SKILLS_DIR: {
    what: 'The folder of the repository with the skills that clients may load: docs/skills.md. The build reads it, and fails if a skill is wrong.',
    more: 'On Netlify, the build and the functions need this setting. If the build had none, the log has `skills_unavailable`.',
    default: 'none: no skills',
    example: 'skills',
  },
  MCP_TOOL_NAME: {
    what: 'The name of the tool that answers questions, as clients see it.',
    more: 'The names of all tools must differ from each other.',
    default: '`ask_<brand>_question`',
    example: 'ask_example_question',
  },
  MCP_TOOL_TITLE: {
    what: 'The title of this tool.',
    default: '`Search <brand> Sources`',
    example: 'Search Example Sources',
  },
  MCP_TOOL_DESCRIPTION: {
    what: 'The description of this tool: the model reads it to decide when to use the tool.',
    default: 'a general text with the name of the product',
    example: 'Answers a question from the Example documentation.',
  },
} as const satisfies Readonly<Record<string, Description>>

export const apiReference = {
  MCP_API_HUB_URL: {
    what: 'The MCP server of an API-reference hub, which takes no key. `off`: no tools for the API reference.',
    more: 'If it is the wrong server, the log has `hub_failed`.',
    example: 'https://bump.sh/example/hub/example/mcp',
  },
  MCP_API_DOCS_URL: {
    what: 'The base of the pages of the APIs. A model that asks for the API `admin` gets the pages at `<this URL>/admin` and below.',
    more: 'Without it, a model cannot name an API. If the hub does not know the pages, it says so when a model names an API.',
    example: 'https://docs.example.com/api/doc',
  },
  MCP_API_NAMES: {
    what: 'The APIs that the descriptions of the tools name. A model can ask for others too.',
    more: 'If a name is wrong, models ask for an API that does not exist.',
    example: 'admin,http-proxy',
  },
  MCP_API_LIST_TOOL_NAME: { what: 'The name of the tool that lists the pages.', example: 'list_example_api_pages' },
  MCP_API_SEARCH_TOOL_NAME: { what: 'The name of the tool that searches them.', example: 'search_example_api' },
  MCP_API_CONTENT_TOOL_NAME: { what: 'The name of the tool that reads them.', example: 'read_example_api_pages' },
} as const satisfies Readonly<Record<string, Description>>

export const feedback = {
  MCP_FEEDBACK_FORM_PATH: {
    what: 'The page with the Netlify form that takes feedback: a path on this site, or a URL. `off`: no tool for feedback.',
    more: 'If the page redirects or takes no form, the log has `feedback_failed`.',
    example: '/feedback/',
  },
  MCP_FEEDBACK_FORM_NAME: {
    what: 'The name of the form.',
    more: 'With a wrong name, no feedback arrives: after a first try, look at *Forms* in Netlify.',
    example: 'docs-feedback',
  },
  MCP_FEEDBACK_TOOL_NAME: { what: 'The name of the tool, as clients see it.', example: 'send_example_feedback' },
} as const satisfies Readonly<Record<string, Description>>

export const limits = {
  MCP_OAUTH_REGISTER_LIMIT: {
    what: 'Registrations that one address may make in a window. 0: no limit.',
    example: '100',
  },
  MCP_OAUTH_REGISTER_WINDOW_SEC: { what: 'Seconds of that window.', example: '600' },
  MCP_OAUTH_REGISTER_TOTAL_LIMIT: {
    what: 'The approximate number of registrations that all addresses together may make in such a window. 0: no limit.',
    more: 'The service counts a sample after the answer, so that no request waits for it. Each instance may let some more pass before it learns that the limit is reached.',
    example: '2000',
  },
  MCP_OAUTH_CIMD_LIMIT: {
    what: 'Client metadata documents, and keys of clients, that one address makes the service fetch in a window. 0: no limit.',
    more: 'A cached document does not count. Fetches for client assertions are counted apart from those for pages.',
    example: '100',
  },
  MCP_OAUTH_CIMD_WINDOW_SEC: { what: 'Seconds of that window.', example: '60' },
  MCP_USER_LIMIT: {
    what: 'Tool calls that one signed-in user may make at `/mcp` in a window, from all addresses together. 0: no limit.',
    example: '200',
  },
  MCP_MACHINE_LIMIT: {
    what: 'Tool calls that each [machine](machines.md) may make in a window, unless it has a `limit` of its own. 0: no limit.',
    example: '1000',
  },
  MCP_PLANS: {
    what: 'Other limits than `MCP_USER_LIMIT` for the users of some organizations or email domains, as JSON on one line.',
    more: 'See [the form](#what-is-in-mcp_plans). The log names a wrong plan by its position.',
    example: '{"team":{"limit":600,"organizations":["org_1"],"domains":["example.com"]}}',
  },
  MCP_ANONYMOUS_LIMIT: {
    what: 'Tool calls that one address may make in a window, for all its users who have not signed in. 0: no limit.',
    example: '20',
  },
  MCP_LIMIT_WINDOW_SEC: {
    what: 'Seconds of the window of these three limits.',
    default: '`900` (15 minutes)',
    example: '3600',
  },
  MCP_OAUTH_LIMIT_EXEMPT: {
    what: 'Ranges of addresses without limits: vendors whose users all come from a few addresses.',
    more: 'It applies to every limit that counts addresses, and so not to `MCP_USER_LIMIT` and `MCP_PLANS`. The users of a vendor that is missing here share one limit.',
    example: '160.79.104.0/21',
  },
} as const satisfies Readonly<Record<string, Description>>
