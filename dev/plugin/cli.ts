/** `npm run plugin` writes the files of a repository that is a plugin for several clients. */
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Explained } from '../explained.ts'
import { readOptions } from '../options.ts'
import { configurationFor } from '../reader-page/page.ts'
import { settingsIn } from '../reader-page/settings-in.ts'
import { pluginFiles } from './files.ts'

const options = readOptions(
  `npm run plugin -- --env <file> --out <folder>

Writes the files of a git repository that is a plugin for Claude Code, Codex CLI, GitHub Copilot CLI and Gemini CLI at once. Your
readers install it with one command, and sign in. README.md in the folder has the commands.

  --env <file>       the file with your settings (.env). MCP_OAUTH_ISSUER says where the service is. Secrets and keys may be left out
  --out <folder>     a new or empty folder
  --version <x.y.z>  the version of the plugin, which clients compare; default 1.0.0
  --force            write into a folder that holds files, over those of the same names`,
  {
    env: { type: 'string' },
    out: { type: 'string' },
    version: { type: 'string', default: '1.0.0' },
    force: { type: 'boolean', default: false },
  },
)
const { env, out, version } = options
if (env === undefined || out === undefined)
  throw new Explained('Say --env .env and --out FOLDER. For more: npm run plugin -- --help')
if (!/^\d+\.\d+\.\d+$/.test(version)) throw new Explained('--version needs three numbers, such as 1.0.0')
const held = existsSync(out) ? readdirSync(out).filter((name) => name !== '.git') : []
if (held.length > 0 && !options.force) throw new Explained(`${out} holds files. To write over them, add --force.`)

const { brand, resource: mcpUrl } = configurationFor(settingsIn(env))
const files = pluginFiles({ brand, mcpUrl, version })
for (const { path, text } of files) {
  await mkdir(dirname(join(out, path)), { recursive: true })
  await writeFile(join(out, path), text)
}
console.log(`Wrote ${files.length} files to ${out}. README.md there says how to install the plugin.`)
