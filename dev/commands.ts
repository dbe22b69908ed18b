import { Explained } from './explained.ts'

/** Each runs when it is loaded, and reads its own options. None is loaded before Node is known to be able to. */
const programs: { readonly [command: string]: () => Promise<unknown> } = {
  start: () => import('./start/main.ts'),
  demo: () => import('./demo/cli.ts'),
  reset: () => import('./start/reset.ts'),
  build: () => import('./build/cli.ts'),
  secret: () => import('./secret.ts'),
  'test:clients': () => import('../tests/real-clients/cli.ts'),
  bench: () => import('../bench/cli.ts'),
  pictures: () => import('./pictures/cli.ts'),
  conformance: () => import('./conformance/cli.ts'),
  'reader-page': () => import('./reader-page/cli.ts'),
  fuzz: () => import('../tests/properties/run.ts'),
}

/** Runs the program behind `npm start` or `npm run <command>`. What is the person's to put right is one line, and exit code 1. */
export async function run(command = ''): Promise<void> {
  const program = Object.hasOwn(programs, command) ? programs[command] : undefined
  try {
    if (program === undefined) throw new Explained(`Which program? One of ${Object.keys(programs).join(', ')}.`)
    await program()
  } catch (error) {
    const reason = error instanceof Explained ? error.message : missingPackage(error)
    if (reason === undefined) throw error
    console.error(reason)
    process.exitCode = 1
  }
}

function missingPackage(error: unknown): string | undefined {
  if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) return undefined
  const [, name] = /^Cannot find package '([^']+)'/.exec(error.message) ?? []
  return name && `The package ${name} is not installed: run npm ci first.`
}
