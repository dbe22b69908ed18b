import type { Client } from '../clients/client.ts'
import type { Clients } from '../clients/resolve.ts'
import { PageError } from '../errors.ts'
import type { Parameters } from '../http/parameters.ts'
import { onPage } from './on-page.ts'

/** 429 on a page: the person may come back after `retryAfter` seconds (O-11). */
export class TooManyRequests extends PageError {
  readonly retryAfter: number

  constructor(retryAfter: number, detail: string) {
    super('too-many-sign-ins', 'temporarily_unavailable', 'too many sign-ins: try again later', detail)
    this.retryAfter = retryAfter
  }
}

/** `client_id` has to resolve before anything else is looked at; a failure is shown here and never redirected. */
export async function requireClient(parameters: Parameters, clients: Clients, signal: AbortSignal): Promise<Client> {
  const clientId = onPage('invalid-request', () => parameters.get('client_id'))
  if (clientId === undefined) throw new PageError('invalid-request', 'invalid_request', 'client_id is missing')
  const client = await clients.resolve(clientId, signal)
  if (!('kind' in client)) return client
  if (client.kind === 'limited') throw new TooManyRequests(client.retryAfter, client.detail)
  if (client.kind === 'unavailable') {
    const description = "the client's metadata document cannot be fetched"
    throw new PageError('client-unavailable', 'temporarily_unavailable', description, client.detail)
  }
  throw new PageError('unknown-client', 'invalid_client', 'client_id is unknown: register again', client.detail)
}
