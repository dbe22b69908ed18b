/** One instruction of a Dockerfile. */
export interface Instruction {
  /** In capitals: `RUN`, `COPY`. */
  readonly name: string
  /** The options, such as `--from=build`, without the dashes. */
  readonly options: Readonly<Record<string, string>>
  /** The rest of the line. */
  readonly text: string
  /** The elements of the exec form, a JSON array; null for the shell form. */
  readonly elements: readonly string[] | null
}

/** One `FROM` and what follows it. */
export interface Stage {
  /** The base image, with its tag. */
  readonly base: string
  /** The name after `AS`. */
  readonly name: string | undefined
  readonly instructions: readonly Instruction[]
}

const known = new Set(['FROM', 'WORKDIR', 'COPY', 'RUN', 'ENV', 'USER', 'EXPOSE', 'HEALTHCHECK', 'CMD'])

/**
 * Reads a Dockerfile of the instructions that ours has.
 *
 * @throws Error that names an instruction which it does not know
 */
export function readDockerfile(text: string): readonly Stage[] {
  const lines = text.replaceAll(/\\\n/g, ' ').split('\n')
  const instructions = lines.filter((line) => line.trim() !== '' && !/^\s*#/.test(line)).map(readInstruction)
  const stages: { base: string; name: string | undefined; instructions: Instruction[] }[] = []
  for (const instruction of instructions) {
    if (instruction.name !== 'FROM') stages.at(-1)?.instructions.push(instruction)
    else {
      const [base = '', , name] = instruction.text.split(/\s+/)
      stages.push({ base, name, instructions: [] })
    }
  }
  return stages
}

function readInstruction(line: string): Instruction {
  const [, name = '', rest = ''] = /^\s*(\S+)\s*(.*)$/.exec(line) ?? []
  if (!known.has(name)) throw new Error(`unknown instruction: ${line}`)
  const options: Record<string, string> = {}
  let text = rest.trim()
  for (let option = optionOf(text); option; option = optionOf(text)) {
    const [whole, key = '', value = ''] = option
    options[key] = value
    text = text.slice(whole.length).trim()
  }
  const [, list] = /(\[.*\])$/.exec(text) ?? []
  return { name, options, text, elements: list === undefined ? null : JSON.parse(list) }
}

const optionOf = (text: string) => /^--([a-z-]+)=(\S+)/.exec(text)

/** The variables of an `ENV` instruction. */
export const variablesOf = ({ text }: Instruction): Readonly<Record<string, string>> =>
  Object.fromEntries(text.split(/\s+/).map((pair) => pair.split('=', 2)))

/** Whether `.dockerignore` keeps a path out of the image: the last pattern that matches decides. */
export function isIgnored(patterns: readonly string[], path: string): boolean {
  let ignored = false
  for (const pattern of patterns) {
    const kept = pattern.startsWith('!')
    if (matches(kept ? pattern.slice(1) : pattern, path)) ignored = !kept
  }
  return ignored
}

/** A pattern matches a path, and everything below a folder that it matches. */
function matches(pattern: string, path: string): boolean {
  const expression = pattern
    .split('/')
    .map((part) => (part === '**' ? '(?:.*)' : part.replaceAll(/[.+]/g, String.raw`\$&`).replaceAll('*', '[^/]*')))
    .join('/')
    .replaceAll('(?:.*)/', '(?:.*/)?')
  return new RegExp(`^${expression}(?:/.*)?$`).test(path)
}

export const patternsIn = (text: string): readonly string[] =>
  text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'))
