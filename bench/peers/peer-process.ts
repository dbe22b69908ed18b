import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import { canPin } from '../cpu.ts'
import { type Command, type Ready, ready, type Usage, usage } from './control.ts'
import type { Peer } from './peers.ts'

/** Milliseconds in which a peer must have started. */
const patience = 60_000

/** A peer that answers in a process of its own. */
export interface RunningPeer {
  readonly peer: Peer
  readonly ready: Ready
  setDelay(milliseconds: number): Promise<void>
  usage(): Promise<Usage>
  seed(records: number): Promise<void>
  stop(): Promise<void>
}

const reply = v.object({ id: v.number(), result: v.unknown() })

/** Starts a peer on one core, with the same Node as this process and with nothing of our environment but the path. */
export async function startPeer(peer: Peer, upstream: string): Promise<RunningPeer> {
  const file = fileURLToPath(new URL(peer.file, import.meta.url))
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', ...(peer.nodeOptions ?? []), file]
  const [command = '', ...rest] = canPin ? ['taskset', '-c', String(peerCore()), ...node] : node
  const child = spawn(command, rest, {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { PATH: process.env.PATH, NODE_ENV: 'production', PEERS_UPSTREAM: upstream },
  })
  let complaints = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    complaints = (complaints + chunk).slice(-2000)
  })
  const gone = once(child, 'exit').then(() => Promise.reject(new Error(`${peer.name} has ended: ${complaints}`)))
  gone.catch(() => {})
  const started = v.parse(v.object({ ready }), await Promise.race([firstMessage(child), gone, tooLate(peer.name)]))

  let last = 0
  const waiting = new Map<number, (result: unknown) => void>()
  child.on('message', (message) => {
    const { id, result } = v.parse(reply, message)
    waiting.get(id)?.(result)
    waiting.delete(id)
  })
  const ask = (command: Command): Promise<unknown> => {
    const id = ++last
    const answer = new Promise((resolve) => waiting.set(id, resolve))
    child.send({ id, command })
    return Promise.race([answer, gone])
  }
  return {
    peer,
    ready: started.ready,
    setDelay: async (milliseconds) => void (await ask({ name: 'delay', milliseconds })),
    usage: async () => v.parse(usage, await ask({ name: 'usage' })),
    seed: async (records) => void (await ask({ name: 'seed', records })),
    async stop() {
      child.kill('SIGKILL')
      await gone.catch(() => {})
    },
  }
}

const firstMessage = async (child: ChildProcess) => (await once(child, 'message'))[0]

const tooLate = (name: string) =>
  new Promise<never>((_, reject) =>
    setTimeout(() => reject(new Error(`${name} did not start in ${patience / 1000} s`)), patience).unref(),
  )

/** The last core of the machine. The processes of all peers share it, since only one of them is asked at a time. */
const peerCore = () => cpus().length - 1

/** Moves this process, which sends the requests and is the OpenID Provider, to the cores without peers. */
export function keepToOtherCores(): void {
  const core = peerCore()
  if (canPin && core > 0) spawnSync('taskset', ['-acp', `0-${core - 1}`, String(process.pid)], { stdio: 'ignore' })
}
