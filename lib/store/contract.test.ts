import { startBlobsEmulator } from '../../dev/blobs/emulator.ts'
import type { EtagMode } from '../../dev/blobs/protocol.ts'
import { describeStoreContract, type StoreUnderTest } from '../../dev/worlds/store-contract.ts'
import { times } from '../../dev/worlds/times.ts'
import { createBlobsStore } from './blobs/blobs.ts'
import { createMemoryStore } from './memory.ts'
import { createMovingStore } from './moving/moving-store.ts'

async function openMemory(): Promise<StoreUnderTest> {
  return { store: createMemoryStore(), pageSize: 1000, stop: async () => {} }
}

async function openBlobs(etags: EtagMode): Promise<StoreUnderTest> {
  const pageSize = 4
  const emulator = await startBlobsEmulator({ pageSize })
  emulator.setEtags(etags)
  emulator.setStaleness(60_000)
  const store = createBlobsStore({ name: 'contract', client: emulator.clientOptions(), attemptTimeout: 60_000 })
  return { store, pageSize, stop: emulator.stop }
}

async function openMoving(): Promise<StoreUnderTest> {
  const opened = async () => 'open' as const
  const store = createMovingStore({ source: createMemoryStore(), target: createMemoryStore(), opened })
  return { store, pageSize: 1000, stop: async () => {} }
}

describeStoreContract('memory', openMemory)
describeStoreContract('two stores during a move', openMoving)
describeStoreContract('Blobs', () => openBlobs('strong'), times(40, 200))
describeStoreContract('Blobs behind a gateway that weakens ETags', () => openBlobs('weak'), times(10, 200))
describeStoreContract(
  'Blobs behind a gateway that strips the quotes of ETags',
  () => openBlobs('unquoted'),
  times(10, 200),
)
