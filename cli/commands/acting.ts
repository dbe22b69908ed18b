import { link, open, rm } from 'node:fs/promises'
import type { Api, Json } from '../api.ts'
import {
  type Command,
  confirm,
  dateOf,
  flag,
  numberIn,
  option,
  personOf,
  rowsOf,
  say,
  show,
  text,
  type Work,
  wordIn,
} from '../command.ts'
import { exits, Problem } from '../problem.ts'
import { clean, cleanLines, safeJson } from '../text.ts'
import { blockEntryOf } from './machines.ts'

const yesHelp = '--yes              do not ask first'
const outputHelp = '--output FILE      a new file, which only you can read (default: the terminal)'

export const acting: readonly Command[] = [
  {
    name: 'trace',
    words: '<code>',
    least: 1,
    most: 1,
    about: 'what became of one attempt to connect, by the code on its pages',
    examples: ['trace 261130-K7QM-4XPD'],
    async run(work) {
      const story = await (await work.api()).get(`/trace/${encodeURIComponent(work.words[0] ?? '')}`)
      return say(work, story, cleanLines(wordIn(story, 'text') ?? ''))
    },
  },
  {
    name: 'export',
    words: '<usage|people|companies|audit>',
    least: 1,
    most: 1,
    about: 'all rows as CSV or NDJSON',
    options: { days: text, format: text, output: text },
    help: [
      '--format WORD      csv (the default) or ndjson',
      '--days N           the last 1, 7, 30 (the default) or 90 days',
      outputHelp,
    ],
    examples: ['export usage --days 7 --output usage.csv', 'export people --format ndjson > people.ndjson'],
    run: exportRows,
  },
  {
    name: 'disclose',
    words: '<email or id>',
    least: 1,
    most: 1,
    about: 'everything that is held on a person, as JSON',
    options: { output: text },
    help: [outputHelp],
    examples: ['disclose ada@example.com --output ada.json'],
    async run(work) {
      const api = await work.api()
      const { sub } = await personOf(api, work.words[0] ?? '')
      const json = `${safeJson(await api.get(`/people/${sub}/disclosure`))}\n`
      const path = option(work, 'output')
      if (path === undefined) work.around.out.write(json)
      else await intoFile(path, async (write) => write(Buffer.from(json)))
      return exits.done
    },
  },
  {
    name: 'revoke',
    words: '<email or id>',
    least: 1,
    most: 1,
    about: 'ends every connection and session of a person',
    options: { yes: flag },
    help: [yesHelp],
    examples: ['revoke ada@example.com'],
    async run(work) {
      const api = await work.api()
      const { sub, title } = await personOf(api, work.words[0] ?? '')
      await confirm(work, `End everything that is connected as ${clean(title)} at ${api.origin}?`)
      const json = await api.post(`/people/${sub}/revoke`)
      return say(work, json, `Ended: ${numberIn(json, 'grants') ?? 0} connections of ${clean(title)}.`)
    },
  },
  {
    name: 'forget',
    words: '<email or id>',
    least: 1,
    most: 1,
    about: 'ends a person, and removes everything that is held on them',
    options: { yes: flag, 'no-wait': flag },
    help: [yesHelp, '--no-wait          do not wait until everything is removed'],
    examples: ['forget ada@example.com', 'forget u_4Fh… --yes --no-wait'],
    run: forget,
  },
  {
    name: 'block',
    words: '[client]',
    most: 1,
    about: 'blocks a client within a minute; without a word, lists the blocks',
    options: { note: text },
    help: ['--note TEXT        why, for the other admins'],
    examples: ['block', 'block evil.example --note "asks for passwords"', 'block machine:docs-ci'],
    run: (work) => (work.words[0] === undefined ? listBlocks(work) : block(work)),
  },
  {
    name: 'unblock',
    words: '<client>',
    least: 1,
    most: 1,
    about: 'ends a block that an admin has made',
    examples: ['unblock evil.example'],
    async run(work) {
      const word = work.words[0] ?? ''
      const api = await work.api()
      const json = await api.post('/unblock', { entry: await blockEntryOf(api, word) })
      if (json.changed !== true)
        throw new Problem(`No admin has blocked ${clean(word)}. A setting may have.`, exits.notFound)
      return say(work, json, `Unblocked: ${clean(word)}. It takes effect within a minute.`)
    },
  },
]

async function listBlocks(work: Work): Promise<number> {
  const json = await (await work.api()).get('/blocks')
  const bySetting = Array.isArray(json.by_setting) ? json.by_setting.filter((entry) => typeof entry === 'string') : []
  const rows: Json[] = [
    ...rowsOf(json.rows),
    ...bySetting.map((entry) => ({ entry, note: 'MCP_OAUTH_BLOCKED_CLIENTS' })),
  ]
  const columns = [
    { title: 'Client', cell: (row: Json) => wordIn(row, 'entry'), least: 20 },
    { title: 'Since', cell: (row: Json) => dateOf(row.at) },
    { title: 'Why', cell: (row: Json) => wordIn(row, 'note'), least: 12 },
  ]
  return show(work, json, { rows, columns, none: 'No client is blocked.' })
}

async function block(work: Work): Promise<number> {
  const word = work.words[0] ?? ''
  const note = option(work, 'note')
  const api = await work.api()
  const entry = await blockEntryOf(api, word)
  const json = await api.post('/blocks', { entry, ...(note !== undefined && { note }) })
  const sentence = `Blocked: ${clean(word)}. It takes effect on every instance within a minute.`
  return say(work, json, json.changed === true ? sentence : `${clean(word)} is blocked already, or the list is full.`)
}

/** Milliseconds between two looks at the job. */
const lookEvery = 10_000

async function forget(work: Work): Promise<number> {
  const { around, options } = work
  const api = await work.api()
  const { sub, title } = await personOf(api, work.words[0] ?? '')
  await confirm(work, `Remove everything about ${clean(title)} at ${api.origin}, for good?`)
  const json = await api.post(`/people/${sub}/forget`)
  around.notes.write(`${clean(title)} is signed out everywhere: ${numberIn(json, 'grants') ?? 0} connections ended.\n`)
  if (options['no-wait'] === true) {
    return say(
      work,
      { ...json, sub, forgetting: 'waiting' },
      'The server removes everything in about 10 to 20 minutes.',
    )
  }
  around.notes.write('The server removes everything in about 10 to 20 minutes. Ctrl-C ends only the waiting.\n')
  await untilRemoved(work, api, sub)
  return say(work, { ...json, sub, forgetting: 'removed' }, `Nothing is held on ${clean(title)} any more.`)
}

async function untilRemoved({ around }: Work, api: Api, sub: string): Promise<void> {
  for (let waited = 0; ; waited += lookEvery) {
    const { forgetting } = await api.get(`/people/${sub}/forgetting`)
    if (forgetting !== 'waiting') break
    const [minutes, seconds] = [Math.floor(waited / 60_000), Math.floor((waited % 60_000) / 1000)]
    if (around.notes.isTerminal) around.notes.write(`\rwaiting for ${minutes} min ${seconds} s …`)
    await around.wait(lookEvery)
  }
  if (around.notes.isTerminal) around.notes.write('\r\u001b[K')
}

async function exportRows(work: Work): Promise<number> {
  const { around, words, options } = work
  if (options.json === true) throw new Problem('An export has no --json: use --format ndjson.', exits.usage)
  const [format, days] = [option(work, 'format') ?? 'csv', option(work, 'days') ?? '30']
  const api = await work.api()
  const parts = words[0] === 'usage' || words[0] === 'people' ? partCount : 1
  const address = `/export/${encodeURIComponent(words[0] ?? '')}`
  const ask = (part: number | undefined) =>
    api.stream(address, { format, days, ...(part !== undefined && { part: String(part) }) })
  // The first part is asked for before a file is made, so that a refusal leaves none behind.
  const first = await ask(parts > 1 ? 1 : undefined)
  let [bytes, rows] = [0, 0]
  const copy = async (write: (chunk: Uint8Array) => Promise<void> | void) => {
    for (let part = 1; part <= parts; part++) {
      const body = part === 1 ? first : await ask(part)
      for await (const chunk of part > 1 && format === 'csv' ? withoutFirstLine(body) : body) {
        await write(chunk)
        bytes += chunk.length
        for (const byte of chunk) if (byte === 10) rows += 1
        if (around.notes.isTerminal && !around.out.isTerminal)
          around.notes.write(
            `\r${parts > 1 ? `part ${part} of ${parts}, ` : ''}${rows.toLocaleString('en-US')} lines …`,
          )
      }
    }
  }
  const path = option(work, 'output')
  const decoder = new TextDecoder()
  const toOut = (chunk: Uint8Array) =>
    around.out.write(around.out.isTerminal ? cleanRows(decoder.decode(chunk, { stream: true })) : chunk)
  try {
    await (path === undefined ? copy(toOut) : intoFile(path, copy))
  } catch (error) {
    if (error instanceof Problem || isOfFile(error)) throw error
    throw new Problem(
      `The export broke off after ${rows} lines: it is not whole. Export fewer days, for example --days 7.`,
    )
  }
  if (around.notes.isTerminal) around.notes.write('\r\u001b[K')
  if (path !== undefined)
    around.notes.write(`${path}: ${rows.toLocaleString('en-US')} lines, ${bytes.toLocaleString('en-US')} bytes.\n`)
  return exits.done
}

/** Parts of the exports that go through the people, as the service makes them. All in one piece may take longer than a minute. */
const partCount = 16
const lineFeed = 10

/** The names of the columns are in every part, and once in a file. */
async function* withoutFirstLine(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let isBefore = true
  for await (const chunk of body) {
    const end = isBefore ? chunk.indexOf(lineFeed) : -1
    if (!isBefore) yield chunk
    else if (end !== -1) {
      isBefore = false
      if (end + 1 < chunk.length) yield chunk.subarray(end + 1)
    }
  }
}

const cleanRows = (rows: string) =>
  rows
    .split('\n')
    .map((row) => clean(row.replace(/\r$/, '')))
    .join('\n')

/** Writes a new file that only its owner can read. It appears when it is whole. */
async function intoFile(
  path: string,
  work: (write: (chunk: Uint8Array) => Promise<void>) => Promise<void>,
): Promise<void> {
  const draft = `${path}.part`
  const file = await open(draft, 'wx', 0o600).catch(explained(draft))
  try {
    try {
      await work(async (chunk) => void (await file.write(chunk)))
    } finally {
      await file.close()
    }
    await link(draft, path).catch(explained(path))
  } finally {
    await rm(draft, { force: true })
  }
}

const explained = (path: string) => (error: NodeJS.ErrnoException) => {
  throw error.code === 'EEXIST' ? new Problem(`${path} exists: name a new file.`, exits.usage) : error
}

const isOfFile = (error: unknown) => error instanceof Error && 'path' in error
