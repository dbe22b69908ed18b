import type { Packages } from '../../dev/install-packages.ts'
import type { World } from '../../dev/start/world.ts'
import type { DocumentHost } from '../clients/driver/documents.ts'
import type { Evidence } from './evidence.ts'
import { createLife, type Life } from './life.ts'
import { createPerson } from './person.ts'
import type { RealClientKind } from './real-client.ts'

export interface LivesOptions {
  readonly world: World
  /** The lifetime of the world's access tokens, in seconds. */
  readonly accessTokenLifetime: number
  readonly evidence: Evidence
  readonly packages: Packages
  readonly documents: DocumentHost
  readonly kinds: readonly RealClientKind[]
  /** The folder for the homes of all users. */
  readonly folder: string
  readonly progress: (what: string) => void
  /** Runs while the access tokens expire. */
  readonly meanwhile: () => Promise<void>
}

/** Seconds for which the service still accepts an expired token, plus one. */
const tolerance = 6
/** How many clients run concurrently. With more, the machine would slow their figures. */
const atOnce = 3

/** Runs every client through its whole life, part by part. The cells of a client contain its failures. */
export async function runLives(options: LivesOptions): Promise<readonly Pick<Life, 'name' | 'cells' | 'output'>[]> {
  const { world, progress } = options
  const lives: Life[] = []
  try {
    await startLives(options, lives)
    progress('every client signs in and asks a question')
    await inTurns(lives, (life) => life.begin())
    progress('every client uses every other tool and asks for more scopes')
    await inTurns(lives, (life) => life.useTools())
    const signedIn = performance.now()
    await options.meanwhile()
    progress('waiting until every access token has expired')
    await pause((options.accessTokenLifetime + tolerance) * 1000 - (performance.now() - signedIn))
    progress('every client continues with an expired token')
    await inTurns(lives, (life) => life.goOn())
    progress('every client ends its session')
    await inTurns(lives, (life) => life.end())
    // An instance may accept a session that it has seen for a minute. A new instance has seen none.
    await world.hosts()[0]?.kill()
    await world.restartHost(0)
    progress('every client signs in again')
    await inTurns(lives, (life) => life.beginAgain())
    return lives
  } finally {
    await Promise.all(lives.map((life) => life.close()))
  }
}

async function startLives(options: LivesOptions, lives: Life[]): Promise<void> {
  const { world, documents, packages, evidence, kinds, folder } = options
  for (const kind of kinds) {
    const person = await createPerson(folder)
    const mcpUrl = `${world.mcpUrl}${kind.finalSlash === true ? '/' : ''}`
    const client = await kind.start({ world, mcpUrl, documents, packages, person }).catch(async (error: Error) => {
      await person.leaves()
      // Without a browser, all other clients still run. CI has one.
      if (!/^No Chromium found/.test(error.message)) throw error
      console.log(`! ${kind.name} does not run. ${error.message}`)
    })
    if (client) lives.push(createLife(kind, { client, person, world, mcpUrl, evidence }))
  }
}

/** Runs the work once for each client, with up to `atOnce` clients concurrently. */
async function inTurns(lives: readonly Life[], work: (life: Life) => Promise<void>): Promise<void> {
  const waiting = [...lives]
  const turns = Array.from({ length: atOnce }, async () => {
    for (let life = waiting.shift(); life; life = waiting.shift()) await work(life)
  })
  await Promise.all(turns)
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, Math.max(0, milliseconds)))
