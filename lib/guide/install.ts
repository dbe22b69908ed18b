import { toJson } from '../base/well-formed.ts'
import type { GuideInput, InstallCommand, InstallLink } from './input.ts'
import { serverName } from './words.ts'

type Input = Pick<GuideInput, 'brand' | 'mcpUrl'>

const base64 = (entry: object) => encodeURIComponent(Buffer.from(toJson(entry)).toString('base64'))

/**
 * Makes the links that add the server to an app. The user confirms there, and then signs in.
 *
 * Sources: https://cursor.com/docs/mcp/install-links, https://code.visualstudio.com/api/extension-guides/ai/mcp,
 * https://lmstudio.ai/docs/app/mcp/deeplink
 */
export function installLinks({ brand, mcpUrl }: Input): readonly InstallLink[] {
  const name = serverName(brand)
  const query = `name=${encodeURIComponent(name)}&config=${base64({ url: mcpUrl })}`
  const vsCode = `vscode:mcp/install?${encodeURIComponent(toJson({ name, type: 'http', url: mcpUrl }))}`
  return [
    {
      app: 'Cursor',
      link: `cursor://anysphere.cursor-deeplink/mcp/install?${query}`,
      web: `https://cursor.com/en/install-mcp?${query}`,
    },
    { app: 'VS Code', link: vsCode, web: `https://insiders.vscode.dev/redirect?url=${encodeURIComponent(vsCode)}` },
    { app: 'LM Studio', link: `lmstudio://add_mcp?${query}`, web: `https://lmstudio.ai/install-mcp?${query}` },
  ]
}

/** Makes the commands that add the server to clients of the terminal, and sign in where that is a command of its own. */
export function installCommands({ brand, mcpUrl }: Input): readonly InstallCommand[] {
  const name = serverName(brand)
  return [
    { client: 'Claude Code', command: `claude mcp add --scope user --transport http ${name} ${mcpUrl}` },
    { client: 'Codex CLI', command: `codex mcp add ${name} --url ${mcpUrl}` },
    { client: 'Gemini CLI', command: `gemini mcp add --scope user --transport http ${name} ${mcpUrl}` },
  ]
}
