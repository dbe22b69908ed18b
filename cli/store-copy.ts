import { parseArgs } from 'node:util'
import { type Api, createApi, type Json } from './api.ts'
import { flag, numberIn, objectIn, text, wordIn } from './command.ts'
import { exits, Problem, TemporaryProblem } from './problem.ts'
import { runCommand } from './run-command.ts'
import { isToken, originOf, type Site } from './sites.ts'
import type { Surroundings } from './surroundings.ts'
import { table } from './table.ts'
import { cleanLines, safeJson } from './text.ts'

const help = `npm run store -- copy --from blobs --to postgres

Moves all data from one store to the other while the service runs. Deploy with
STORE_BACKEND=<to>, STORE_MOVING_FROM=<from> and MCP_STORE_COPY_TOKEN first;
docs/moving.md has every step. Without --site it is the system that npm start
runs on this machine. Interrupt it at any time: the next run continues.

  --from, --to STORE   blobs or postgres
  --site URL           the server; the token is that of MCP_STORE_COPY_TOKEN, or
                       you are asked for it
  --verify             compares again what both stores have, and says whether
                       STORE_MOVING_FROM can be removed
  --start-over         begins at the first record again; moves nothing twice
  --empty              removes everything from the source of a complete move
  --json               JSON for programs

Exit codes: 0 done, 1 failed or something is wrong, 2 wrong usage, 4 refused.
`

const options = {
  ...{ from: text, to: text, site: text },
  ...{ verify: flag, 'start-over': flag, empty: flag, json: flag, help: { ...flag, short: 'h' } },
} as const

/** How often in a row a slice is tried again. */
const maxFailures = 30
/** Milliseconds between two attempts. */
const pause = 2_000
/** How often a copy verifies again by itself, because an older instance wrote something meanwhile. */
const maxVerifications = 5

/** `npm run store -- copy <args>`: drives the copy of a move at a server. Returns the exit code. */
export const copyCommand = (args: readonly string[], around: Surroundings): Promise<number> =>
  runCommand(() => run(args, around), around)

async function run(args: readonly string[], around: Surroundings): Promise<number> {
  const asked = parsed(args)
  if (asked.help === true || args.length === 0) {
    around.out.write(help)
    return exits.done
  }
  const { from, to } = asked
  if (![from, to].every((store) => store === 'blobs' || store === 'postgres') || from === to) {
    throw new Problem('Name the two stores: --from blobs --to postgres, or the other way round.', exits.usage)
  }
  const api = createApi(await siteOf(asked.site, around), around.fetch, {
    path: '/admin/store',
    token: () => 'Set MCP_STORE_COPY_TOKEN there and here to the same value.',
    missing: (origin) => `Nothing can be copied at ${origin}: set MCP_STORE_COPY_TOKEN there, and deploy.`,
  })
  const first = await api.get('/copy')
  if (wordIn(first, 'from') !== from || wordIn(first, 'to') !== to) {
    throw new Problem(`There, records move from ${wordIn(first, 'from')} to ${wordIn(first, 'to')}. STORE_MOVING_FROM and STORE_BACKEND decide that.`) // biome-ignore format: one line
  }
  if (asked.empty === true) return empty(api, around)
  if (asked['start-over'] === true) await api.post('/copy', { do: 'start-over' })
  else if (asked.verify === true) await api.post('/copy', { do: 'verify' })
  return report(await copyToEnd(api, around), asked.json === true, around)
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    const [reason = ''] = error instanceof Error ? error.message.split('. ') : []
    throw new Problem(`${reason}. For the options, run npm run store -- copy --help`, exits.usage)
  }
}

/** Chooses the server and its token. The token of the environment goes where `--site` says, and nowhere else. */
async function siteOf(given: string | undefined, around: Surroundings): Promise<Site> {
  if (given === undefined) {
    const local = await around.local()
    if (local) return local
    throw new Problem('Nothing runs on this machine (npm start), and no server is named: add --site https://docs.example.com', exits.usage) // biome-ignore format: one line
  }
  const origin = originOf(given)
  const [set = ''] = (around.environment.MCP_STORE_COPY_TOKEN ?? '').split(',').map((one) => one.trim())
  const token = set || (await around.ask(`Token for ${origin} (MCP_STORE_COPY_TOKEN): `, true))?.trim()
  if (token !== undefined && isToken(token)) return { origin, token }
  throw new Problem('This is not a token: make one with npm run -s secret, and set MCP_STORE_COPY_TOKEN there and here.', exits.usage) // biome-ignore format: one line
}

/** Runs slices until the copy is done and nothing is left to be verified again. */
async function copyToEnd(api: Api, around: Surroundings): Promise<Json> {
  const began = Date.now()
  let failures = 0
  for (let verified = 0; ; ) {
    let answer: Json
    try {
      answer = await api.post('/copy', { do: 'run' })
      failures = answer.interrupted === true ? failures + 1 : 0
    } catch (error) {
      if (!(error instanceof TemporaryProblem)) throw error
      failures += 1
      if (failures >= maxFailures) throw error
      around.notes.write(`${cleanLines(error.message)} Trying again.\n`)
      await around.wait(pause)
      continue
    }
    showProgress(answer, began, around)
    if (failures >= maxFailures) {
      throw new Problem('The stores do not answer. Run this again later: it continues. If that does not help, add --start-over.') // biome-ignore format: one line
    }
    if (answer.interrupted === true) await around.wait(pause)
    if (wordIn(answer, 'stage') !== 'done') continue
    const { late = 0, merged = 0 } = objectIn(answer, 'found')
    if (answer.safe === true || (late === 0 && merged === 0) || ++verified >= maxVerifications) return answer
    await api.post('/copy', { do: 'verify' })
  }
}

const stages: Readonly<Record<string, string>> = {
  count: 'counting',
  records: 'moving records',
  'last-records': 'moving signing keys and blocked clients',
  events: 'copying usage events',
  verify: 'verifying',
  done: 'done',
}

function showProgress(answer: Json, began: number, { notes }: Surroundings): void {
  const stage = wordIn(answer, 'stage') ?? ''
  const [total, passed, moved] = ['total', 'passed', 'moved'].map((name) => numberIn(answer, name) ?? 0)
  const share =
    stage === 'records' || stage === 'verify' ? ` ${Math.floor((100 * (passed ?? 0)) / (total || 1))} %` : ''
  const seconds = Math.round((Date.now() - began) / 1000)
  const line = `${stages[stage] ?? cleanLines(stage)}${share} · ${passed} of ${total} keys · ${moved} moved · ${seconds} s`
  notes.write(
    notes.isTerminal && stage !== 'done' ? `\r${line}\u001b[K` : `${notes.isTerminal ? '\r\u001b[K' : ''}${line}\n`,
  )
}

/** Says what was found, and what to do next. */
function report(answer: Json, json: boolean, around: Surroundings): number {
  const found = objectIn(answer, 'found')
  const isWrong = ['wrong', 'unreadable', 'late', 'merged'].some((name) => (numberIn(found, name) ?? 0) > 0)
  const exit = isWrong && answer.safe !== true ? exits.failed : exits.done
  if (json) {
    around.out.write(`${safeJson(answer)}\n`)
    return exit
  }
  const collections = Object.entries(objectIn(answer, 'collections')).map(([name, value]) => ({ name, value: objectIn({ value }, 'value') })) // biome-ignore format: one line
  around.out.write(
    table(
      collections,
      [
        { title: 'collection', cell: ({ name }) => name },
        { title: 'records', cell: ({ value }) => numberIn(value, 'records') ?? 0 },
        { title: 'changed since', cell: ({ value }) => numberIn(value, 'changed') ?? 0 },
        { title: 'digest of the others', cell: ({ value }) => digests(value) },
      ],
      around,
    ),
  )
  around.out.write(`${verdict(answer, found)}\n`)
  return exit
}

function digests(value: Json): string {
  const [here, there] = [wordIn(value, 'handedOver') ?? '', wordIn(value, 'atTarget') ?? '']
  return here === there ? `${here.slice(0, 16)} in both` : 'DIFFERENT'
}

function verdict(answer: Json, found: Json): string {
  const count = (name: string) => numberIn(found, name) ?? 0
  if (answer.safe === true) return 'The target has everything. It is safe to remove STORE_MOVING_FROM and to deploy.'
  if (count('wrong') > 0) return `${count('wrong')} records at the target cannot have followed on what was handed over. Keep STORE_MOVING_FROM, and look into it.` // biome-ignore format: one line
  if (count('unreadable') > 0) return `${count('unreadable')} records could not be read. Keep STORE_MOVING_FROM; run this again with --verify.` // biome-ignore format: one line
  if (count('late') + count('merged') > 0) return 'An instance of the earlier deploy still writes at the source. Keep STORE_MOVING_FROM; run this again with --verify later.' // biome-ignore format: one line
  const until = new Date(numberIn(answer, 'stragglersUntil') ?? 0).toISOString().slice(0, 16).replace('T', ' ')
  return `Everything has moved. Instances of the earlier deploy may run until ${until} UTC. Keep STORE_MOVING_FROM; run this again with --verify after that.` // biome-ignore format: one line
}

async function empty(api: Api, around: Surroundings): Promise<number> {
  for (let removed = 0; ; ) {
    const answer = await api.post('/copy', { do: 'empty' })
    removed += numberIn(answer, 'removed') ?? 0
    around.notes.write(`${removed} records removed from the source\n`)
    if (answer.finished === true) return exits.done
  }
}
