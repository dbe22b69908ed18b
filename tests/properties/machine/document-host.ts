import { type FetchedResource, FetchRefused } from '../../../lib/net/fetch-untrusted.ts'
import type { MetadataDocumentsOptions } from '../../../lib/oauth/clients/published/documents.ts'

/**
 * How the host of a client's metadata document is:
 * - `unreachable`, `challenge`: it cannot be asked just now, and a copy may stand in;
 * - `busy`: nor can it, and says so itself;
 * - `gone`, `broken`, `redirect`: it says that there is no such client (any more).
 */
export type HostCondition = 'up' | 'unreachable' | 'busy' | 'challenge' | 'gone' | 'broken' | 'redirect'

export const documentClientId = 'https://publisher.example/client.json'

/** The document as it was first, and as it is after a change: the callback is elsewhere. */
export const documentEditions = ['https://claude.ai/published', 'https://claude.ai/renewed'].map((uri) => ({
  client_id: documentClientId,
  client_name: 'Published',
  redirect_uris: [uri],
  grant_types: ['authorization_code', 'refresh_token'],
  token_endpoint_auth_method: 'none',
}))

export interface DocumentHost {
  condition: HostCondition
  /** Which of `documentEditions` it publishes. */
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
