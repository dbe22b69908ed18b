import { type FetchedResource, FetchRefused } from '../../../lib/net/fetch-untrusted.ts'
import type { MetadataDocumentsOptions } from '../../../lib/oauth/clients/published/documents.ts'

/**
 * The condition of the host of a client's metadata document:
 * - `unreachable`, `challenge`: temporarily no answer, so that the server may use its copy;
 * - `busy`: it answers that it is temporarily unavailable, and the server uses no copy;
 * - `gone`, `broken`, `redirect`: it publishes no valid document, so that the client does not exist.
 */
export type HostCondition = 'up' | 'unreachable' | 'busy' | 'challenge' | 'gone' | 'broken' | 'redirect'

export const documentClientId = 'https://publisher.example/client.json'

/** The first edition of the document, and a later one with another redirect URI. */
export const documentEditions = ['https://claude.ai/published', 'https://claude.ai/renewed'].map((uri) => ({
  client_id: documentClientId,
  client_name: 'Published',
  redirect_uris: [uri],
  grant_types: ['authorization_code', 'refresh_token'],
  token_endpoint_auth_method: 'none',
}))

export interface DocumentHost {
  condition: HostCondition
  /** The index in `documentEditions` that it publishes. */
  edition: number
  readonly fetch: MetadataDocumentsOptions['fetch']
}

export function createDocumentHost(): DocumentHost {
  const host: DocumentHost = {
    condition: 'up',
    edition: 0,
    async fetch(url) {
      if (url !== documentClientId) return answer(404, 'text/plain', '')
      switch (host.condition) {
        case 'up':
          return answer(200, 'application/json', JSON.stringify(documentEditions[host.edition]))
        case 'unreachable':
          throw new FetchRefused('network')
        case 'busy':
          return answer(503, 'text/plain', '')
        case 'challenge':
          return answer(403, 'text/html', '<h1>Are you human?</h1>')
        case 'gone':
          return answer(404, 'text/plain', '')
        case 'broken':
          return answer(200, 'application/json', '{"client_id": "https://evil.example/client.json"}')
        case 'redirect':
          throw new FetchRefused('redirect')
      }
    },
  }
  return host
}

const answer = (status: number, contentType: string, body: string): FetchedResource => ({
  status,
  contentType,
  headers: new Headers(),
  body: Buffer.from(body),
})
