import { describeStoreContract, type StoreUnderTest } from '../../dev/worlds/store-contract.ts'
import { openStore, startServer } from './place.ts'

async function open(isolation: string): Promise<StoreUnderTest> {
  const server = await startServer({ default_transaction_isolation: isolation })
  const pageSize = 4
  const store = openStore(server.url(), { pageSize, connections: 20, retryDelays: Array.from({ length: 12 }, () => 1) })
  return {
    store,
    pageSize,
    async stop() {
      store.close()
      await server.stop()
    },
  }
}

describeStoreContract('PostgreSQL', () => open('read committed'))
// The server then answers many of the racers with a serialization failure, which is neither a loss nor unclear.
describeStoreContract('PostgreSQL, where each statement is serializable', () => open('serializable'), 50)
describeStoreContract('PostgreSQL, where each statement is a repeatable read', () => open('repeatable read'), 50)
