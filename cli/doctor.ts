import { parseArgs } from 'node:util'
import { type ExamineOptions, examine } from './doctor/examine.ts'
import { type Paint, reportJson, reportText, verdictOf, verdicts } from './doctor/report.ts'
import { exits, Problem } from './problem.ts'
import { runCommand } from './run-command.ts'
import { createSavedSites, tokenOfEnvironment } from './sites.ts'
import type { Surroundings } from './surroundings.ts'
import { safeJson } from './text.ts'

/** What the command has around it, beside what every command has. */
export interface DoctorSurroundings extends Surroundings {
  readonly paint: Paint
  /** Opens an address in the user's browser, if there is one. */
  open(url: string): void
  /** Tests lead addresses that do not exist to this machine. */
  readonly reach?: Partial<ExamineOptions>
}

const options = {
  'sign-in': { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

/** Milliseconds that the user has for the sign-in. */
const signInTime = 300_000

/** `npm run doctor -- <args>`: checks a deployment from outside. Returns the exit code. */
export const doctor = (args: readonly string[], around: DoctorSurroundings): Promise<number> =>
  runCommand(() => run(args, around), around)

async function run(args: readonly string[], around: DoctorSurroundings): Promise<number> {
  const { words, values } = parsed(args)
  if (values.help) {
    around.out.write(help)
    return exits.done
  }
  if (words.length > 1) throw new Problem('Usage: npm run doctor -- [https://docs.example.com] [--sign-in] [--json]', exits.usage) // biome-ignore format: one line
  const { origin, token } = await placeOf(words[0], around)
  const report = await examine(origin, {
    now: Date.now,
    token,
    signIn: values['sign-in'] ? { signInTime, showAddress: (url) => showAddress(url, around) } : undefined,
    onProgress: (title, sent) => progress(around, `checking: ${title} (${sent} requests)`),
    ...around.reach,
  })
  progress(around, '')
  const { width, paint, out } = around
  out.write(values.json ? `${safeJson(reportJson(report))}\n` : reportText(report, { width, paint }))
  return verdicts[verdictOf(report)].exit
}

function parsed(args: readonly string[]) {
  try {
    const { positionals: words, values } = parseArgs({ args: [...args], options, allowPositionals: true })
    return { words, values }
  } catch (error) {
    const [reason = ''] = error instanceof Error ? error.message.split('. ') : []
    throw new Problem(`${reason}. For the options, run npm run doctor -- --help`, exits.usage)
  }
}

/** Finds the address, and its token if one is saved for it. Throws `Problem`. */
async function placeOf(given: string | undefined, around: DoctorSurroundings) {
  const local = await around.local()
  if (given === undefined) {
    if (local) return local
    throw new Problem('Nothing runs on this machine (npm start). Name the address: npm run doctor -- https://docs.example.com', exits.usage) // biome-ignore format: one line
  }
  const origin = addressOf(given)
  const saved = (await createSavedSites(around.tokenFile).all()).find((site) => site.origin === origin)
  const token = tokenOfEnvironment(around.environment) ?? saved?.token ?? (local?.origin === origin ? local.token : undefined) // biome-ignore format: one line
  return { origin, token }
}

/** Reads an address as users type it: with or without the scheme, the path /mcp and a slash. Throws `Problem`. */
function addressOf(text: string): string {
  const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `https://${text}`)
  const isLoopback = url !== null && /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(url.hostname)
  if (url?.protocol !== 'https:' && !(url?.protocol === 'http:' && isLoopback)) {
    throw new Problem('The address must be an https URL, or http on this machine.', exits.usage)
  }
  const isPlain = /^\/(?:mcp\/?)?$/.test(url.pathname) && url.search + url.hash + url.username + url.password === ''
  if (isPlain) return url.origin
  throw new Problem('Give the address of the server alone, such as https://docs.example.com/mcp.', exits.usage)
}

/** Shows on one line of a terminal what is going on. */
function progress({ notes, paint }: DoctorSurroundings, text: string): void {
  if (notes.isTerminal) notes.write(`\r\u001b[K${paint('dim', text)}`)
}

function showAddress(url: string, around: DoctorSurroundings): void {
  progress(around, '')
  around.notes.write(
    `Sign in with this address. The browser may open it by itself:\n\n${url}\n\nWaiting for the sign-in …\n`,
  )
  around.open(url)
}

const help = `npm run doctor -- [address] [--sign-in] [--json]

Checks a deployment from outside, as Claude, ChatGPT, Codex, Cursor and VS Code
would, and says what would stop them, why, and what to do. Without an address it
checks the system that npm start runs on this machine.

It is safe on production: at most 100 requests, nothing is changed, and nothing
stays. It registers three clients of its own, which the service stores nowhere.

  --sign-in          also signs you in, calls a tool, refreshes and revokes
  --json             JSON for programs and CI

Examples:
  npm run doctor -- https://docs.example.com/mcp
  npm run doctor -- https://docs.example.com --sign-in
  npm run -s doctor -- https://docs.example.com --json

With the operator's token, it also checks settings, the store with two writers,
and the services behind: npm run admin -- login --site URL, or MCP_ADMIN_TOKEN.
Exit codes: 0 sound, 1 errors, 2 wrong usage, 3 warnings only.
docs/doctor.md lists every finding.
`
