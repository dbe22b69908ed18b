import { expect, test } from 'vitest'
import { parseParameters } from '../http/parameters.ts'
import { createClientCredentialsGrant } from './client-credentials-grant.ts'

// The settings refuse such an entry. This guard stands behind them.
test('a client that registered itself is no machine, even if an entry of the settings names it [K-01]', async () => {
  const client = { id: 'registered', hash: 'h', method: 'client_secret_basic' }
  const ask = (source: string) => {
    const handler = createClientCredentialsGrant({
      assertions: {
        tenants: [],
        machines: [{ name: 'x', scope: ['docs:read'], proof: { kind: 'client', clientId: client.id } }],
      },
      clients: { resolve: async () => ({ ...client, source, authenticationMethods: [client.method] }) },
    } as never)
    return handler({
      form: parseParameters(new URLSearchParams({ resource: 'https://other.example' })),
      context: { resource: 'https://docs.example/mcp' },
      call: { trail: { begin: () => 'attempt', learn: () => undefined } },
      authenticate: async () => client,
    } as never)
  }
  await expect(ask('registration')).rejects.toMatchObject({ code: 'unauthorized_client' })
  await expect(ask('configuration')).rejects.toMatchObject({ code: 'invalid_target' })
})
