import { installCommands } from '../../lib/guide/install.ts'
import { serverName } from '../../lib/guide/words.ts'
import type { DocsBrand } from '../../lib/pages/brand.ts'

/** What a plugin is made from. */
export interface PluginInput {
  readonly brand: DocsBrand
  /** URL of the MCP endpoint. */
  readonly mcpUrl: string
  /** The version that clients compare when they look for a newer plugin, such as `1.0.0`. */
  readonly version: string
}

/** A file of the plugin: its path in the repository, and its text. */
export interface PluginFile {
  readonly path: string
  readonly text: string
}

/**
 * Makes the files of a repository that is a plugin for several clients at once: each finds the server by its own manifest. The plugin
 * holds the address and nothing else, so that it never needs a new release when the server changes.
 *
 * Sources: https://code.claude.com/docs/en/plugins-reference, https://developers.openai.com/codex/plugins/build,
 * https://docs.github.com/en/copilot/reference/copilot-cli-reference/cli-plugin-reference,
 * https://geminicli.com/docs/extensions/reference
 */
export function pluginFiles({ brand, mcpUrl, version }: PluginInput): readonly PluginFile[] {
  const name = serverName(brand)
  const description = `Asks the ${brand.productName}. Answers are passages with the addresses of their pages.`
  const author = { name: brand.name }
  const homepage = brand.documentationUrl
  const server = { mcpServers: { [name]: { type: 'http', url: mcpUrl } } }
  const about = { name, version, description, author, ...(homepage !== undefined && { homepage }) }
  const catalog = {
    name,
    owner: author,
    metadata: { description },
    plugins: [{ name, source: './', description, version }],
  }
  const forCodex = {
    name,
    interface: { displayName: brand.productName },
    plugins: [
      {
        name,
        source: { source: 'local', path: './' },
        policy: { installation: 'AVAILABLE', authentication: 'ON_USE' },
        category: 'Developer Tools',
      },
    ],
  }
  const shown = {
    displayName: brand.productName,
    shortDescription: `Asks the ${brand.productName}`,
    longDescription: description,
    developerName: brand.name,
    category: 'Developer Tools',
    capabilities: ['Interactive'],
    ...(homepage !== undefined && { websiteURL: homepage }),
    ...(brand.privacyUrl !== undefined && { privacyPolicyURL: brand.privacyUrl }),
  }
  const json = (value: object) => `${JSON.stringify(value, null, 2)}\n`
  return [
    { path: '.mcp.json', text: json(server) },
    { path: '.claude-plugin/plugin.json', text: json(about) },
    { path: '.claude-plugin/marketplace.json', text: json(catalog) },
    { path: '.codex-plugin/plugin.json', text: json({ ...about, mcpServers: './.mcp.json', interface: shown }) },
    { path: '.agents/plugins/marketplace.json', text: json(forCodex) },
    { path: 'plugin.json', text: json({ ...about, mcpServers: '.mcp.json' }) },
    { path: '.github/plugin/marketplace.json', text: json(catalog) },
    {
      path: 'gemini-extension.json',
      text: json({ name, version, description, mcpServers: { [name]: { httpUrl: mcpUrl } } }),
    },
    { path: 'README.md', text: readme({ brand, mcpUrl, version }, name) },
  ]
}

function readme(input: PluginInput, name: string): string {
  const { brand } = input
  const commands = installCommands(input).map(({ client, command }) => `- ${client}: \`${command}\``)
  return `# ${brand.productName} for AI clients

A plugin that adds the MCP server of the ${brand.productName} to a client. Put this folder into a git repository, and give its address,
here OWNER/REPOSITORY, to your readers. The client asks them to sign in.

| client | commands |
|---|---|
| Claude Code | \`claude plugin marketplace add OWNER/REPOSITORY\`, then \`claude plugin install ${name}@${name}\` |
| Codex CLI | \`codex plugin marketplace add OWNER/REPOSITORY\`, then \`codex plugin add ${name}@${name}\` |
| GitHub Copilot CLI | \`copilot plugin marketplace add OWNER/REPOSITORY\`, then \`copilot plugin install ${name}@${name}\` |
| Gemini CLI | \`gemini extensions install https://github.com/OWNER/REPOSITORY\` |

Without the plugin:

${commands.join('\n')}
`
}
