import { type GuideInput, type GuideSection, serverName } from './guide.ts'
import { fenced } from './markdown.ts'

/** How each client is given the address, and where it asks for the sign-in. */
export function clients({ brand, mcpUrl, requireAuth }: GuideInput): readonly GuideSection[] {
  const name = serverName(brand)
  const add = `claude mcp add --scope user --transport http ${name} ${mcpUrl}`
  const settings = (entry: unknown, member = 'mcpServers') => fenced('json', json({ [member]: { [name]: entry } }))
  return [
    {
      heading: 'Claude Code',
      paragraphs: [
        fenced('sh', [add, ...(requireAuth ? [`claude mcp login ${name}`] : [])].join('\n')),
        `\`claude mcp list\` then shows \`${name}\` as connected. ${
          requireAuth
            ? 'Over SSH or in a container, add `--no-browser` to the second command: open the address that it prints, and paste the address at which your browser ends.'
            : `To sign in, choose \`${name}\` under \`/mcp\` in a session.`
        }`,
      ],
    },
    {
      heading: 'Cursor',
      paragraphs: [
        'In `.cursor/mcp.json` of a project, or in `~/.cursor/mcp.json` for all of them:',
        settings({ url: mcpUrl }),
        "In Cursor's settings for MCP, press *Connect* or *Needs login* where it stands beside the server. If the browser ends at *Open the app for cursor:// links*, press it.",
      ],
    },
    {
      heading: 'VS Code',
      paragraphs: [
        'You need VS Code 1.102 or newer, and GitHub Copilot. In `.vscode/mcp.json` of a project, or for all of them in what *MCP: Open User Configuration* opens:',
        settings({ type: 'http', url: mcpUrl }, 'servers'),
        `Run *MCP: List Servers*, \`${name}\`, *Start Server* from the command palette, and allow it to sign in when it asks. Ask in the chat, in agent mode; the tools have to be ticked in the tool picker.`,
      ],
    },
    {
      heading: 'ChatGPT',
      paragraphs: [
        `On the web: turn on *Developer mode* (*Settings*, *Apps*, *Advanced settings*), then *Create app* there: the name \`${name}\`, \`${mcpUrl}\` as the MCP server URL, *OAuth* as the authentication. Leave client ID and secret empty. In a workspace, an admin has to allow developer mode first. Choose the app in each conversation from *+*, *More*.`,
        `In the desktop app: what you have made on the web or, in versions that have it, *Settings*, *MCP servers*, *Add server*, *Streamable HTTP*, with the same name and address. The menus change often.`,
      ],
    },
    {
      heading: 'Claude Desktop and Claude on the web',
      paragraphs: [
        `*Customize*, *Connectors*, *+*, *Add custom connector*: the name \`${name}\`, and \`${mcpUrl}\`. Leave the OAuth fields empty. Then press *Connect*. In a Team or Enterprise plan, an owner adds it first. Claude calls this server from Anthropic's data centers.`,
        'Without connectors, on macOS and Windows: Claude Desktop runs `mcp-remote` as a local program, which needs Node 18 or newer. In `~/Library/Application Support/Claude/claude_desktop_config.json` or `%APPDATA%\\Claude\\claude_desktop_config.json`:',
        settings({ command: 'npx', args: ['-y', 'mcp-remote', mcpUrl] }),
        'Restart Claude Desktop. On Linux, do not count on this file: add the connector, or use Claude Code. An address by itself in this file is not used on any system.',
      ],
    },
    {
      heading: 'Other clients',
      paragraphs: [
        'Any client works that speaks Streamable HTTP and OAuth 2.1 with PKCE: give it the address. For example:',
        fenced(
          'sh',
          `codex mcp add ${name} --url ${mcpUrl}\ngemini mcp add --scope user --transport http ${name} ${mcpUrl}`,
        ),
        `A client that knows only local programs runs \`npx -y mcp-remote ${mcpUrl}\`.`,
      ],
    },
  ]
}

const json = (value: unknown) => JSON.stringify(value, null, 2)
