import { once } from 'node:events'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { createBrowser } from '../../dev/browser/jar.ts'
import { personSignsIn } from '../../dev/browser/person.ts'
import { newAddress } from '../support/oauth-client.ts'

/** A user with a browser and a home of their own, who approves everything. */
export interface Person {
  readonly email: string
  /** Every authorization request that the user was sent to. */
  readonly requests: readonly URL[]
  /** The folder where the user's programs keep their files. */
  readonly home: string
  /** The environment of the user's programs. It has nothing of this process, and a browser command that leads to this user. */
  readonly environment: Readonly<Record<string, string>>
  /** Records an authorization request that the user opened in another browser. */
  wasSentTo(url: URL): void
  /** Approves and signs in. @returns the authorization response, not yet requested */
  signsIn(url: URL): Promise<URL>
  /** Errors that happened after a program had opened the browser. */
  readonly problems: readonly string[]
  leaves(): Promise<void>
}

/** The command that a program runs to open the browser. It sends the address to the user. */
const openBrowser = `#!/usr/bin/env node
fetch(process.env.BROWSER_URL, { method: 'POST', body: process.argv[2] })
`

/** @param folder the parent of the user's home folder */
export async function createPerson(folder: string): Promise<Person> {
  const email = newAddress()
  const browser = createBrowser()
  const requests: URL[] = []
  const problems: string[] = []
  const home = await mkdtemp(join(folder, 'home-'))

  async function signsIn(url: URL): Promise<URL> {
    requests.push(url)
    return personSignsIn({ authorizationUrl: url, email, browser })
  }

  /** Signs in as a browser does, and takes the answer to the program's listener on this machine. */
  async function opens(url: string): Promise<void> {
    const answer = await signsIn(new URL(url))
    // mcp-remote opens the browser before it listens. A real user is slower than this one.
    await listening(answer)
    const response = await fetch(answer)
    if (!response.ok) throw new Error(`the client answered its authorization response ${response.status}`)
  }

  const desktop = createServer(async (request, response) => {
    const url = await text(request)
    response.end()
    opens(url).catch((error: Error) => problems.push(error.message))
  })
  desktop.listen(0, '127.0.0.1')
  await once(desktop, 'listening')
  const address = desktop.address()
  if (address === null || typeof address === 'string') throw new Error('no port')

  const programs = join(home, 'bin')
  await mkdir(programs)
  // Programs on Linux open the browser with this command, and find it first in the path.
  const opener = join(programs, 'xdg-open')
  await writeFile(opener, openBrowser, { mode: 0o755 })

  return {
    email,
    requests,
    home,
    environment: {
      PATH: [programs, dirname(process.execPath), '/usr/bin', '/bin'].join(':'),
      HOME: home,
      BROWSER: opener,
      BROWSER_URL: `http://127.0.0.1:${address.port}/`,
    },
    wasSentTo: (url) => void requests.push(url),
    signsIn,
    problems,
    async leaves() {
      desktop.close()
      desktop.closeAllConnections()
    },
  }
}

const patience = 10_000
const pause = 20

/** Settles when the port accepts connections. @throws Error if it never does */
async function listening({ hostname, port }: URL): Promise<void> {
  const end = performance.now() + patience
  for (;;) {
    const socket = connect({ host: hostname, port: Number(port) })
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isOpen) return
    if (performance.now() > end) throw new Error(`nobody listens at port ${port}`)
    await setTimeout(pause)
  }
}
