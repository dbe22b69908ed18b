#!/usr/bin/env node
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { parseArgs } from 'node:util'
import { newSecret } from '../settings/secrets.ts'
import { type Answers, completeAnswers, type Question, questions, WrongAnswer } from './answers.ts'
import { createSite } from './create.ts'

const usage = `mcp-oauth-broker create <folder>   makes a site that gives MCP clients your documentation
mcp-oauth-broker dev               runs the site of this folder on this machine; --port <number> keeps its port
mcp-oauth-broker migrate           prepares the database that DATABASE_URL names
mcp-oauth-broker secret            prints a new secret

create asks what it needs to know. With --yes it does not ask, and takes the flags and what is usual:
${questions.map(({ name, text, choices }) => `  --${`${name} <…>`.padEnd(20)} ${text}${choices ? ` ${Object.keys(choices).join(', ')}` : ''}`).join('\n')}`

const commands: Readonly<Record<string, (args: string[]) => Promise<void>>> = {
  create,
  dev,
  async migrate() {
    const { DATABASE_URL: url } = process.env
    if (!url) throw new WrongAnswer('DATABASE_URL is missing')
    const { migrate } = await import('../package/postgres-store.ts')
    const applied = await migrate(url)
    console.log(applied.length > 0 ? `Applied ${applied.join(', ')}.` : 'The database is up to date.')
  },
  async secret() {
    console.log(newSecret())
  },
}

async function create(args: string[]): Promise<void> {
  const flags = Object.fromEntries(questions.map(({ name }) => [name, { type: 'string' as const }]))
  const { values, positionals } = parseArgs({
    args,
    options: { ...flags, yes: { type: 'boolean', short: 'y' } },
    allowPositionals: true,
  })
  const [directory, ...others] = positionals
  if (directory === undefined || others.length > 0) throw new WrongAnswer('name one folder: create <folder>')
  const given = values as Partial<Record<keyof Answers, string>>
  const isAsked = !values.yes && process.stdin.isTTY === true
  const terminal = isAsked ? createInterface({ input: process.stdin, output: process.stdout }) : undefined
  const ask = async (question: Question, usual: string, so: Partial<Answers>) => {
    for (const [choice, label] of Object.entries(question.choices ?? {})) console.log(`  ${choice.padEnd(10)} ${label}`)
    for (;;) {
      const typed = await terminal?.question(`${question.text}${usual && ` [${usual}]`} `)
      const answer = typed?.trim() || usual
      const problem = question.complaint(answer, so)
      if (problem === undefined) return answer
      console.log(`It ${problem}.`)
    }
  }
  try {
    const answers = await completeAnswers(given, isAsked ? ask : undefined)
    const files = await createSite(directory, answers, { version: await version() })
    console.log(`${directory} has ${files.length} files. What comes next:

  cd ${directory}
  npm install
  npm test

README.md says how to deploy it.`)
  } finally {
    terminal?.close()
  }
}

/** Runs the site of this folder until Ctrl-C. */
async function dev(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { port: { type: 'string' } } })
  const port = values.port === undefined ? undefined : Number(values.port)
  if (port !== undefined && !(Number.isInteger(port) && port > 1023 && port < 65_000)) {
    throw new WrongAnswer('--port must be a number from 1024 to 64999')
  }
  // A part of the package that this program does not contain.
  const name = 'mcp-oauth-broker/testing'
  const { startSite } = await import(name)
  const site = await startSite(process.cwd(), { ...(port !== undefined && { port }) })
  console.log(`Add ${site.mcpUrl} to an MCP client. Any email address signs in. Ctrl-C ends it.`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => site.stop().then(() => process.exit(0)))
  }
}

/** The version of this package. */
async function version(): Promise<string> {
  const { version } = JSON.parse(await readFile(join(import.meta.dirname, '../package.json'), 'utf8').catch(() => readFile(join(import.meta.dirname, '../../package.json'), 'utf8'))) // biome-ignore format: one line
  return version
}

const [command = '', ...rest] = process.argv.slice(2)
const run = Object.hasOwn(commands, command) ? commands[command] : undefined
try {
  if (run) await run(rest)
  else console.log(usage)
  if (!run && command !== '' && !/^(?:-h|--help|help)$/.test(command)) process.exitCode = 1
} catch (error) {
  const isTheirs = error instanceof WrongAnswer || (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')) // biome-ignore format: one line
  if (!isTheirs) throw error
  console.error(error.message)
  process.exitCode = 1
}
