import type { RunningPeer } from './peer-process.ts'
import type { Reuse } from './results.ts'
import { Client, tokensOf } from './units.ts'

/** Requests at once with one and the same token. */
const racers = 20
/** Milliseconds of each operation of the store meanwhile, so that the requests overlap. */
const wait = 5
const repetitions = 3

/** Uses codes and refresh tokens twice, one after the other and at once, and says what came of it. */
export async function observeReuse(peer: RunningPeer, upstream: string): Promise<Reuse> {
  const client = new Client(peer, upstream, racers)
  const { refreshes } = peer.peer
  try {
    const found = {
      codeWinners: 0,
      refreshWinners: 0,
      successors: 0,
      codeReplayEnds: false,
      refreshReplayEnds: false,
      previousAccepted: false,
    }
    const at = async () => {
      const clientId = await client.register()
      const code = await client.signIn(clientId)
      return { clientId, code, redeem: async () => tokensOf(await client.redeem(clientId, code)).refresh_token ?? '' }
    }
    const isAccepted = async (clientId: string, token: string) => (await client.refresh(clientId, token)).status === 200

    if (refreshes) {
      const one = await at()
      const token = await one.redeem()
      await client.redeem(one.clientId, one.code)
      found.codeReplayEnds = !(await isAccepted(one.clientId, token))

      const other = await at()
      const rotate = async (token: string) => tokensOf(await client.refresh(other.clientId, token)).refresh_token ?? ''
      const first = await other.redeem()
      const third = await rotate(await rotate(first))
      await client.refresh(other.clientId, first)
      found.refreshReplayEnds = !(await isAccepted(other.clientId, third))

      const last = await at()
      const previous = await last.redeem()
      tokensOf(await client.refresh(last.clientId, previous))
      found.previousAccepted = await isAccepted(last.clientId, previous)
    }

    for (let repetition = 0; repetition < repetitions; repetition++) {
      const { clientId, code } = await at()
      await peer.setDelay(wait)
      const answers = await all(() => client.redeem(clientId, code))
      await peer.setDelay(0)
      found.codeWinners = Math.max(found.codeWinners, answers.filter(({ status }) => status === 200).length)
      if (!refreshes) continue

      const grant = await at()
      const token = await grant.redeem()
      await peer.setDelay(wait)
      const refreshed = await all(() => client.refresh(grant.clientId, token))
      await peer.setDelay(0)
      const winners = refreshed.filter(({ status }) => status === 200)
      const successors = new Set(winners.map((answer) => tokensOf(answer).refresh_token)).size
      if (successors >= found.successors) {
        found.successors = successors
        found.refreshWinners = winners.length
      }
    }
    return { peer: peer.peer.id, racers, ...found }
  } finally {
    await peer.setDelay(0)
    client.close()
  }
}

const all = <T>(work: () => Promise<T>) => Promise.all(Array.from({ length: racers }, work))
