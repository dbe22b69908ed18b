import { parseArgs } from 'node:util'
import { isObject, parseJson } from '../lib/base/json.ts'
import { exits, Problem } from './problem.ts'
import { runCommand } from './run-command.ts'
import { originOf } from './sites.ts'
import type { Surroundings } from './surroundings.ts'
import { clean, safeJson } from './text.ts'
import { tokenOfMachine } from './token/machine.ts'
import { tokenOfPerson } from './token/person.ts'
import { discover, send, type Token } from './token/service.ts'

/** What the command has around it, beside what every command has. */
export interface TokenSurroundings extends Pick<Surroundings, 'environment' | 'out' | 'notes' | 'fetch' | 'local'> {
  /** Opens an address in the user's browser, if there is one. */
  open(url: string): void
}

const options = {
  site: { type: 'string' },
  scope: { type: 'string' },
  machine: { type: 'boolean' },
  'assertion-file': { type: 'string' },
  'client-id': { type: 'string' },
  'key-file': { type: 'string' },
  'key-id': { type: 'string' },
  'secret-file': { type: 'string' },
  'no-browser': { type: 'boolean' },
  curl: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

/** Milliseconds that the user has for the sign-in. */
const signInTime = 300_000

/** `npm run token -- <args>`: gets a token for curl. Only what was asked for goes to `out`. Returns the exit code. */
export const token = (args: readonly string[], around: TokenSurroundings): Promise<number> =>
  runCommand(() => run(args, around), around)

async function run(args: readonly string[], around: TokenSurroundings): Promise<number> {
  const given = parsed(args)
  if (given.help) {
    around.out.write(help)
    return exits.done
  }
  if (given.curl && given.json) throw new Problem('Choose --curl or --json.', exits.usage)
  const ofMachine = ['assertion-file', 'key-file', 'key-id', 'secret-file'] as const
  const without = given.machine ? undefined : ofMachine.find((name) => given[name] !== undefined)
  if (without !== undefined) throw new Problem(`--${without} is for a machine: add --machine.`, exits.usage)
  const { fetch, environment, notes } = around
  const service = await discover(await originIn(given.site, around), fetch)
  const found = given.machine
    ? await tokenOfMachine(
        service,
        {
          assertionFile: given['assertion-file'],
          clientId: given['client-id'],
          keyFile: given['key-file'],
          keyId: given['key-id'],
          secretFile: given['secret-file'],
          environment,
        },
        { scope: given.scope, fetch },
      )
    : await tokenOfPerson(service, {
        scope: given.scope ?? 'docs:read',
        clientId: given['client-id'],
        fetch,
        showAddress: (url) => showAddress(url, around, given['no-browser'] === true),
        time: signInTime,
      })
  notes.write(`${toldOf(found)}\n`)
  if (given.json) around.out.write(`${safeJson(found)}\n`)
  else around.out.write(`${given.curl ? await curlCommand(found, fetch) : found.access_token}\n`)
  return exits.done
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    const [reason = ''] = error instanceof Error ? error.message.split('. ') : []
    throw new Problem(`${reason}. For the options, run npm run token -- --help`, exits.usage)
  }
}

/** The server that the user names, or the one of `npm start`. Throws `Problem`. */
async function originIn(site: string | undefined, around: TokenSurroundings): Promise<string> {
  if (site !== undefined) return originOf(site)
  const local = await around.local()
  if (local) return local.origin
  throw new Problem('Nothing runs on this machine (npm start), and no server is named: add --site https://docs.example.com', exits.usage) // biome-ignore format: one line
}

function showAddress(url: string, around: TokenSurroundings, isOnlyShown: boolean): void {
  const more = isOnlyShown ? '' : ' The browser may open it by itself.'
  around.notes.write(`Sign in with this address, on this machine.${more}\n\n${url}\n\nWaiting for the sign-in …\n`)
  if (!isOnlyShown) around.open(url)
}

function toldOf({ resource, scope, expires_in: seconds }: Token): string {
  const ends = seconds === undefined ? '' : ` It ends in ${Math.round(seconds / 60)} minutes.`
  const may = scope === undefined ? '' : `, with the scope ${clean(scope)}`
  return `A token for ${resource}${may}.${ends} It is kept nowhere. Every program that has it can use it.`
}

/** Makes a command that asks a question, or one that lists the tools if no tool takes a question. */
async function curlCommand(found: Token, fetch: typeof globalThis.fetch): Promise<string> {
  const name = await questionTool(found, fetch)
  const message =
    name === undefined
      ? { method: 'tools/list' }
      : { method: 'tools/call', params: { name, arguments: { question: 'What can I do with this?' } } }
  const headers = { authorization: `Bearer ${found.access_token}`, ...ofMessages }
  return [
    `curl -sS ${quoted(found.resource)}`,
    ...Object.entries(headers).map(([header, value]) => `  -H ${quoted(`${header}: ${value}`)}`),
    `  -d ${quoted(JSON.stringify({ jsonrpc: '2.0', id: 1, ...message }))}`,
  ].join(' \\\n')
}

const ofMessages = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

/** Finds the name of the tool that answers questions. */
async function questionTool({ resource, access_token }: Token, fetch: typeof globalThis.fetch) {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
  const headers = { authorization: `Bearer ${access_token}`, ...ofMessages }
  const text = await (await send(resource, { method: 'POST', headers, body }, fetch)).text()
  const message = parseJson(/^data: (\{.*)$/m.exec(text)?.[1] ?? text)
  const result = isObject(message) && isObject(message.result) ? message.result : {}
  const tools = Array.isArray(result.tools) ? result.tools.filter(isObject) : []
  const asks = tools.find(({ inputSchema }) => isObject(inputSchema) && isObject(inputSchema.properties) && 'question' in inputSchema.properties) // biome-ignore format: one line
  return typeof asks?.name === 'string' ? clean(asks.name) : undefined
}

/** Quotes a text for a shell. */
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`

const help = `npm run -s token -- [--site URL] [--machine] [--curl] [--json]

Gets a token, so that you can ask a server with curl. It signs you in with your
browser, as an MCP client does, and prints the token and nothing else. Progress
and problems go to the standard error. Without --site, the server is the one that
npm start runs on this machine, which needs no settings.

  --site URL             the server, such as https://docs.example.com
  --scope "A B"          what the token may do; default: docs:read
  --curl                 print a command that asks a question with the token
  --json                 print token, scope and lifetime as JSON
  --no-browser           only show the address, and open no browser
  --client-id ID         a client that the server knows, where it registers none

For a program (docs/machines.md), without a browser:
  --machine              get the token of a machine of MCP_MACHINES. In a job of
                         GitHub Actions with id-token: write, this is enough
  --assertion-file FILE  the token of its platform, such as that of a Kubernetes
                         service account
  --client-id ID with --key-file FILE (PEM; --key-id ID names the key), with
  --secret-file FILE, or with MCP_CLIENT_SECRET in the environment

Examples:
  TOKEN=$(npm run -s token)
  curl -H "Authorization: Bearer $TOKEN" …
  npm run -s token -- --site https://docs.example.com --curl
  npm run -s token -- --machine --client-id docs-nightly --key-file key.pem
  npm run -s token -- --machine --assertion-file /var/run/secrets/docs/token

npm prints a line of its own unless you add -s. The token is kept nowhere and
ends within the hour; your account page lists the connection, and can end it.
Exit codes: 0 done, 1 failed, 2 wrong usage, 4 refused.
`
