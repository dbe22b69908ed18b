import type { Client } from '../../clients/client.ts'
import type { Clients } from '../../clients/resolve.ts'
import { PageError } from '../../errors.ts'
import type { Parameters } from '../../parameters.ts'
import { onPage } from './on-page.ts'

/** `client_id` has to resolve before anything else is looked at; a failure is shown here and never redirected. */
export async function requireClient(parameters: Parameters, clients: Clients, signal: AbortSignal): Promise<Client> {
  const clientId = onPage('invalid-request', () => parameters.get('client_id'))
  if (clientId === undefined) throw new PageError('invalid-request', 'invalid_request', 'client_id is missing')
  const client = await clients.resolve(clientId, signal)
  if (!('kind' in client)) return client
  if (client.kind === 'unavailable') {
    const description = "the client's metadata document cannot be fetched"
    throw new PageError('client-unavailable', 'temporarily_unavailable', description, client.detail)
  }
  throw new PageError('unknown-client', 'invalid_client', 'client_id is unknown: register again', client.detail)
}
