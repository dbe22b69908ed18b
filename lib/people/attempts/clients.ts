import type { Problem } from './problems.ts'
import type { ClientOfStep } from './step.ts'

/** A client with a page in `docs/clients/`, and the cures of that page for what can go wrong. */
export interface KnownClient {
  readonly title: string
  /** Its page, from the root of the repository. */
  readonly page: string
  readonly remedies: { readonly [Name in Problem]?: string }
}

interface Row extends KnownClient {
  /** Matches what the client calls itself. */
  readonly name: RegExp
  /** Matches where its answers go, for a client that calls itself whatever its user likes. */
  readonly sendsTo?: RegExp
}

const anew = 'Ask the user to remove the server, and to add it again.'
const laterBy = (host: string, how: string) =>
  `The site ${host} did not answer. Ask the user to wait a minute, and to ${how}.`
const lastButton = (app: string) => ({
  'code-not-redeemed': `Ask the user to press the button of the last page once more: it opens ${app}.`,
  'left-confirmation': `The last page has a button that opens ${app}. Ask the user to connect again, and to press it.`,
})
const others = (section: string) => `docs/clients/others.md#${section}`

/** In this order: the first that matches counts. */
const rows: readonly Row[] = [
  {
    title: 'Claude Code',
    name: /^claude code\b/i,
    page: 'docs/clients/claude-code.md',
    remedies: {
      'unknown-client':
        'The documentation team has blocked Claude Code (`MCP_OAUTH_BLOCKED_CLIENTS`), or Claude Code holds a registration of another server. Then ask the user to run `claude mcp remove docs`, and to add the server again.',
      'client-unavailable': laterBy('claude.ai', 'run `claude mcp login docs`'),
      'code-not-redeemed':
        'The browser could not reach Claude Code: it was closed in the meantime, or runs on another machine. Ask the user to start again; on another machine, with `claude mcp login docs --no-browser`.',
      'no-call':
        'Ask the user to run `claude mcp list`. If it says `! Needs authentication`, run `claude mcp login docs` once more.',
      'refresh-expired': 'Ask the user to run `claude mcp login docs`.',
      'refresh-refused': 'Ask the user to run `claude mcp login docs`.',
    },
  },
  {
    title: 'Claude',
    name: /^claude(?:ai|$)/i,
    page: 'docs/clients/claude.md',
    remedies: {
      canceled:
        'Claude says *Authorization with the MCP server failed*. Ask the user to press *Connect* again, and to finish in one go.',
      expired:
        'Claude says *Authorization with the MCP server failed*. Ask the user to press *Connect* again, and to finish in one go.',
      'other-browser':
        'Claude says *Authorization with the MCP server failed*. Ask the user to press *Connect* again, and to finish in one go.',
      'client-unavailable': laterBy('claude.ai', 'press *Connect*'),
      'too-many-sign-ins':
        'Claude calls from the addresses of Anthropic’s data centers, which all users share: add them to `MCP_OAUTH_LIMIT_EXEMPT`. Meanwhile, ask the user to try again in ten minutes.',
      'no-call': 'The connector is off in this conversation. Ask the user to turn it on under *+*, *Connectors*.',
      'refresh-expired': 'Ask the user to press *Disconnect*, then *Connect*.',
      'refresh-refused': 'Ask the user to press *Disconnect*, then *Connect*.',
    },
  },
  {
    title: 'ChatGPT',
    name: /^chatgpt/i,
    page: 'docs/clients/chatgpt.md',
    remedies: {
      'unknown-client':
        'The app in ChatGPT holds a registration that the service does not know. Ask the user to remove the app and create it again; connecting again is not enough.',
      'client-unavailable': laterBy('chatgpt.com', 'connect again'),
      'code-not-redeemed':
        'If ChatGPT says `OAuth state not found`, it does not find its own request. Ask the user to start again, and if the message stays, to remove the app and create it again.',
      'no-call': 'The app is not chosen in this conversation. Ask the user to choose it under *+*, *More*.',
    },
  },
  {
    title: 'Codex CLI',
    name: /^codex/i,
    page: 'docs/clients/codex.md',
    remedies: {
      'client-unavailable':
        'The site chatgpt.com did not answer. Ask the user to wait a minute, and to run `codex mcp login docs`; or `codex mcp login docs --oauth-client-registration dcr`, which does not need that site.',
      'code-not-redeemed':
        'The answer did not reach Codex. If Codex says `No OAuth callback URL received before input closed`, run it in a terminal. If it says `response missing required issuer`, update Codex.',
      'no-call':
        'Ask the user to run `codex mcp list`. If it says `Not logged in`, run `codex mcp login docs`; on a machine without a keyring, put `mcp_oauth_credentials_store = "file"` into `~/.codex/config.toml` first.',
      scope:
        'Ask the user to run `codex mcp logout docs`, then `codex mcp login docs --scopes docs:read,docs:feedback`, and to leave *Leave this out* unticked.',
    },
  },
  {
    title: 'VS Code',
    name: /^(?:visual studio code|vs code)/i,
    page: 'docs/clients/vscode.md',
    remedies: {
      'unknown-client':
        'VS Code keeps a registration for an earlier server. Ask the user to run *Authentication: Remove Dynamic Authentication Providers* from the command palette, and to start the server again.',
      'client-unavailable': laterBy('vscode.dev', 'start the server again'),
      'code-not-redeemed':
        'The browser is on another machine than VS Code, or may not open it. Ask the user to choose the other way that the dialog of VS Code offers.',
      'left-confirmation':
        'Ask the user to start the server again, and to press the button of the last page, which opens VS Code.',
      'no-call':
        'VS Code holds on to an old token or registration. Ask the user to use *Accounts*, *Sign Out*, then *Authentication: Remove Dynamic Authentication Providers*, and to start the server again.',
      'refresh-refused':
        'Ask the user to use *Accounts*, *Sign Out*, then *Authentication: Remove Dynamic Authentication Providers*, and to start the server again.',
    },
  },
  {
    title: 'Cursor',
    name: /^cursor/i,
    page: 'docs/clients/cursor.md',
    remedies: {
      'unknown-client':
        'Ask the user to remove the entry from `mcp.json`, to save, and to add it again, under another name if necessary.',
      'code-not-redeemed':
        'The answer did not reach Cursor. Ask the user to press *Open the app for cursor:// links* once more; otherwise to quit Cursor completely, start it, and connect once.',
      'left-confirmation':
        'Nothing opens automatically. Ask the user to connect again, and to press *Open the app for cursor:// links*.',
      'no-call':
        'The server is turned off. Ask the user to turn it on in the settings; the output *MCP Logs* shows more.',
      'refresh-expired': 'Ask the user to press *Needs login*.',
    },
  },
  {
    title: 'MCP Inspector',
    name: /^mcp inspector/i,
    page: 'docs/clients/inspector.md',
    remedies: {
      'unknown-client':
        'The stored registration is for an earlier server. The Inspector registers again automatically.',
      'code-not-redeemed':
        'The answer goes to port 6276 (terminal) or 6274 (browser) of the machine with the browser. Ask the user to open the address on the machine where the Inspector runs.',
      scope:
        'The tool needs a scope that the Inspector did not request at the sign-in. In the terminal, it cannot request more. Ask the user to use that tool in the browser.',
    },
  },
  {
    title: 'mcp-remote',
    name: /^mcp(?:-remote| cli proxy)/i,
    page: 'docs/clients/mcp-remote.md',
    remedies: {
      'unknown-client':
        'The contents of `.mcp-auth` are for another server. Ask the user to delete the folder in the home folder, and to start again.',
      'invalid-redirect-uri':
        'The contents of `.mcp-auth` are for another server. Ask the user to delete the folder in the home folder, and to start again.',
      'code-not-redeemed':
        'The client has been closed, or runs on another machine. Ask the user to start again, to put a fixed port after the address (`…/mcp 3334`), and to forward it.',
      'code-expired':
        'Signing in takes longer than the client waits. Ask the user to run the `npx` command in a terminal, to sign in, and to start the client again.',
      'no-call':
        'The client may have timed out at the first start. Ask the user to start it again. If it stays, delete `.mcp-auth`, and start again; `--debug` after the address writes a log into that folder.',
      'refresh-refused': 'Ask the user to delete `.mcp-auth` in the home folder, and to start again.',
    },
  },
  {
    title: 'Gemini CLI',
    name: /^gemini cli/i,
    page: 'docs/clients/gemini-cli.md',
    remedies: {
      'code-not-redeemed':
        'The browser cannot reach Gemini CLI: it runs on another machine or in a container. Ask the user to run it on the machine of the browser; the port is different each time.',
      'no-call':
        'Gemini CLI uses no servers in a folder that the user does not trust. Ask the user to start `gemini` there, and to trust the folder (`/permissions`).',
      'refresh-expired': 'Ask the user to run `/mcp auth docs` in a session.',
      'refresh-refused': 'Ask the user to run `/mcp auth docs` in a session.',
    },
  },
  {
    title: 'opencode',
    name: /^opencode/i,
    page: 'docs/clients/opencode.md',
    remedies: {
      'unknown-client':
        'What opencode has stored is for another address or an earlier server. Ask the user to run `opencode mcp logout docs`, then `opencode mcp auth docs`.',
      'code-not-redeemed':
        'opencode runs on another machine than the browser; it listens on port 19876 there. Ask the user to start it with that port forwarded: `ssh -L 19876:127.0.0.1:19876 …`.',
      'no-call': 'Ask the user to run `opencode mcp debug docs`, which shows what the server answers.',
      scope:
        'Ask the user to run `opencode mcp logout docs`, then `opencode mcp auth docs`, and to leave *Leave this out* unticked.',
      'refresh-expired': 'Ask the user to run `opencode mcp auth docs`.',
    },
  },
  {
    title: 'Zed',
    name: /^zed\b/i,
    page: 'docs/clients/zed.md',
    remedies: {
      'client-unavailable': laterBy('zed.dev', 'try again'),
      'code-not-redeemed': 'Zed was closed in the meantime, or runs on another machine. Ask the user to start again.',
      'no-call': 'Ask the user for *zed: open log* from the command palette.',
    },
  },
  {
    title: 'Grok',
    name: /^grok/i,
    page: 'docs/clients/grok.md',
    remedies: {
      'unknown-client':
        'Grok holds a registration that the service does not know. Ask the user to remove the connector and add it again.',
      'client-unavailable': laterBy('grok.com', 'connect again'),
    },
  },
  {
    title: 'mcpc',
    name: /^mcpc/i,
    page: 'docs/clients/mcpc.md',
    remedies: {
      'no-call': 'Ask the user to run `mcpc @docs restart`.',
      scope: 'Ask the user to run `mcpc login` with `--scope`, then `mcpc @docs restart`.',
      'refresh-expired': 'Ask the user to run `mcpc login`, then `mcpc @docs restart`.',
      'refresh-refused': 'Ask the user to run `mcpc login`, then `mcpc @docs restart`.',
    },
  },
  { title: 'Cline', name: /^cline/i, page: others('cline'), remedies: lastButton('the editor') },
  {
    title: 'GitHub Copilot CLI',
    name: /^github copilot cli/i,
    page: others('github-copilot-cli'),
    remedies: { 'refresh-expired': 'Ask the user to use `/mcp`, *Authenticate*.' },
  },
  { title: 'goose', name: /^goose/i, page: others('goose'), remedies: {} },
  {
    title: 'Kiro',
    name: /^kiro/i,
    page: others('kiro'),
    remedies: { 'refresh-expired': 'Ask the user to press *Authenticate*.' },
  },
  { title: 'LibreChat', name: /^librechat/i, page: others('librechat'), remedies: {} },
  { title: 'LM Studio', name: /^lm studio/i, page: others('lm-studio'), remedies: {} },
  { title: 'MCPJam', name: /^mcpjam/i, page: others('mcpjam'), remedies: {} },
  {
    title: 'Microsoft Copilot Studio',
    name: /^(?:microsoft )?copilot studio/i,
    sendsTo: /^https:\/\/global\.consent\.azure-apim\.net$/,
    page: others('microsoft-copilot-studio'),
    remedies: {
      'token-refused':
        'If Copilot Studio only says *500*, the reason is in the log of this service, in the lines with this code.',
    },
  },
  {
    title: 'n8n',
    name: /^n8n/i,
    page: others('n8n'),
    remedies: { 'unknown-client': `${anew} In n8n that is *Create new credential*.` },
  },
  {
    title: 'Open WebUI',
    name: /^open webui/i,
    page: others('open-webui'),
    remedies: {
      'no-call': 'Each user turns the tool on in a chat; it cannot be on by default. Ask the user to turn it on.',
      'refresh-refused':
        'Ask the administrator to set `WEBUI_SECRET_KEY`: without it, all users have to sign in again after each restart.',
    },
  },
  { title: 'Raycast', name: /^raycast/i, page: others('raycast'), remedies: lastButton('Raycast') },
  { title: 'Warp', name: /^warp/i, page: others('warp'), remedies: lastButton('Warp') },
]

/** A client without a page of its own. */
const unknown: KnownClient = {
  title: 'a client without a page of its own',
  page: 'docs/clients/README.md',
  remedies: {},
}

/** Finds the page of a client by the name that it gives itself. Another client may use the same name, so the page helps and proves nothing. */
export function knownClient({ name = '', sendsTo = '' }: ClientOfStep): KnownClient {
  return rows.find((row) => row.name.test(name) || row.sendsTo?.test(sendsTo)) ?? unknown
}

/** Every client with a page, for the test that compares this list with the pages. */
export const knownClients: readonly KnownClient[] = rows
