/** Child process, pinned to one core by its parent: one Blobs operation through our store, and through the stock client. */
import { randomUUID } from 'node:crypto'
import { getStore } from '@netlify/blobs'
import { createBlobsStore } from '../lib/store/blobs/blobs.ts'
import { runRounds } from './cpu-meter.ts'

/** Of the size of a grant. */
const value = {
  generation: 0,
  createdAt: 1_800_000_000,
  rotatedAt: 1_800_000_000,
  expiresAt: 1_802_592_000,
  endsAt: 1_815_552_000,
  clientHash: 'x'.repeat(43),
  clientName: 'Bench',
  authenticationMethod: 'none',
  kid: 'xxxxxxxx',
}

await runRounds(async ({ repetitions, blobs }) => {
  const name = 'bench'
  const ours = createBlobsStore({ name, client: blobs })
  const stock = getStore({ name, consistency: 'strong', ...blobs })
  const signal = new AbortController().signal
  const keys = () => Array.from({ length: repetitions }, () => `bench/${randomUUID()}`)

  return async (meter) => {
    const [written, writtenByStock] = [keys(), keys()]
    await meter('our create', written, async (key) => {
      const { won } = await ours.create(key, value, signal)
      if (!won) throw new Error('the key was not new')
    })
    await meter('stock create', writtenByStock, async (key) => {
      const { modified } = await stock.set(key, JSON.stringify({ nonce: randomUUID(), value }), { onlyIfNew: true })
      if (!modified) throw new Error('the key was not new')
    })
    await meter('our get', written, (key) => ours.get(key, signal))
    await meter('stock get', written, (key) => stock.getWithMetadata(key, { type: 'json' }))
  }
})
