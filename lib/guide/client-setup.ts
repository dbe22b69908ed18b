import type { Block, GuideInput, GuideSection } from './input.ts'
import { serverName } from './words.ts'

/** How to add the server to each client, and where the client asks for the sign-in. */
export function clientSetup(input: GuideInput): GuideSection {
  const { example } = input
  return {
    heading: 'Set up your client',
    blocks: example
      ? [`[A page for each client](${example.clientPages}README.md) has more: its messages, and how to remove it.`]
      : [],
    parts: [claudeCode, cursor, vsCode, chatGpt, claude, otherClients].map((section) => section(input)),
  }
}

function claudeCode({ brand, mcpUrl, requireAuth }: GuideInput): GuideSection {
  const name = serverName(brand)
  const add = `claude mcp add --scope user --transport http ${name} ${mcpUrl}`
  return {
    heading: 'Claude Code',
    blocks: [
      { language: 'sh', code: [add, ...(requireAuth ? [`claude mcp login ${name}`] : [])].join('\n') },
      `\`claude mcp list\` then shows \`${name}\` as connected. ${
        requireAuth
          ? 'Over SSH or in a container, add `--no-browser` to the second command. Open the address that it prints, and paste the address at which your browser ends.'
          : `To sign in, choose \`${name}\` under \`/mcp\` in a session.`
      }`,
    ],
  }
}

const cursor = (input: GuideInput): GuideSection => ({
  heading: 'Cursor',
  blocks: [
    'Press *Add to Cursor* above, or put this into `.cursor/mcp.json` of a project, or into `~/.cursor/mcp.json` for all projects:',
    settings(input, { url: input.mcpUrl }),
    "In Cursor's settings for MCP, press *Connect* or *Needs login* beside the server. If the browser shows *Open the app for cursor:// links*, press that button.",
  ],
})

function vsCode(input: GuideInput): GuideSection {
  const name = serverName(input.brand)
  return {
    heading: 'VS Code',
    blocks: [
      'You need VS Code 1.102 or newer, and GitHub Copilot. Press *Add to VS Code* above, or put this into `.vscode/mcp.json` of a project, or into the file that *MCP: Open User Configuration* opens for all projects:',
      settings(input, { type: 'http', url: input.mcpUrl }, 'servers'),
      `In the command palette, run *MCP: List Servers*, choose \`${name}\` and *Start Server*. Allow it to sign in when it asks. Then ask in the chat, in agent mode. The tools must be selected in the tool picker.`,
    ],
  }
}

function chatGpt({ brand, mcpUrl }: GuideInput): GuideSection {
  const name = serverName(brand)
  return {
    heading: 'ChatGPT',
    blocks: [
      `On the web, turn on *Developer mode* (*Settings*, *Apps*, *Advanced settings*), then choose *Create app* there. Enter the name \`${name}\`, \`${mcpUrl}\` as the MCP server URL, and *OAuth* as the authentication. Leave client ID and secret empty. In a workspace, an admin must allow developer mode first. Choose the app in each conversation from *+*, *More*.`,
      'The desktop app shows the apps that you created on the web. Some versions also have *Settings*, *MCP servers*, *Add server*, *Streamable HTTP*: enter the same name and address. The menus change often.',
    ],
  }
}

function claude(input: GuideInput): GuideSection {
  const { brand, mcpUrl } = input
  return {
    heading: 'Claude Desktop and Claude on the web',
    blocks: [
      `Choose *Customize*, *Connectors*, *+*, *Add custom connector*. Enter the name \`${serverName(brand)}\` and \`${mcpUrl}\`. Leave the OAuth fields empty. Then press *Connect*. In a Team or Enterprise plan, an owner adds the connector first. Claude calls this server from Anthropic's data centers.`,
      'On macOS and Windows, Claude Desktop also works without connectors. It then runs `mcp-remote` as a local program, which needs Node 18 or newer. Put this into `~/Library/Application Support/Claude/claude_desktop_config.json` or `%APPDATA%\\Claude\\claude_desktop_config.json`:',
      settings(input, { command: 'npx', args: ['-y', 'mcp-remote', mcpUrl] }),
      'Restart Claude Desktop. Claude Desktop ignores a plain address in this file. On Linux, add the connector or use Claude Code instead.',
    ],
  }
}

function otherClients({ brand, mcpUrl, example }: GuideInput): GuideSection {
  const name = serverName(brand)
  const rows = [
    ['Codex CLI', 'codex.md', `\`codex mcp add ${name} --url ${mcpUrl}\``],
    [
      'Gemini CLI',
      'gemini-cli.md',
      `\`gemini mcp add --scope user --transport http ${name} ${mcpUrl}\`, then \`/mcp auth ${name}\` in a session`,
    ],
    ['opencode', 'opencode.md', `\`opencode mcp add ${name} --url ${mcpUrl}\`, then \`opencode mcp auth ${name}\``],
    ['Zed', 'zed.md', '*Settings*, *AI*, *MCP Servers*, *Add Server*: enter the address'],
    [
      'Grok',
      'grok.md',
      '[grok.com/connectors](https://grok.com/connectors), *New Connector*, *Custom*: enter the address',
    ],
    ['MCP Inspector', 'inspector.md', '`npx @modelcontextprotocol/inspector`'],
    ['mcpc', 'mcpc.md', `\`mcpc login ${mcpUrl}\`, then \`mcpc connect ${mcpUrl} @${name}\``],
    ['Clients that know only local programs', 'mcp-remote.md', `Run \`npx -y mcp-remote ${mcpUrl}\``],
    [
      'Cline, Copilot Studio, GitHub Copilot CLI, goose, Kiro, LibreChat, LM Studio, MCPJam, n8n, Open WebUI, Raycast, Warp',
      'others.md',
      'Enter the address; the transport is Streamable HTTP, the authentication OAuth',
    ],
  ] as const
  const named = (client: string, page: string) => (example ? `[${client}](${example.clientPages}${page})` : client)
  return {
    heading: 'Other clients',
    blocks: [
      'Every client works that speaks Streamable HTTP and OAuth 2.1 with PKCE. Give it the address.',
      {
        columns: ['client', 'how to add the server'],
        rows: rows.map(([client, page, how]) => [named(client, page), how]),
      },
      'A program that does not speak MCP asks by HTTP, with an access token:',
      {
        language: 'sh',
        code: `curl ${mcpUrl}/api/ask -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"question": "How do I begin?"}'`,
      },
    ],
  }
}

/** The entry of a client's file of settings. */
const settings = ({ brand }: GuideInput, entry: object, member = 'mcpServers'): Block => ({
  language: 'json',
  code: JSON.stringify({ [member]: { [serverName(brand)]: entry } }, null, 2),
})
