import { type Attributes, errorType, statusOf } from './attributes.ts'
import type { MetricName } from './instruments.ts'
import type { Measure } from './measure.ts'
import { methodOf } from './routes.ts'

/** What a measure says: its span, and the metric that its duration adds to. */
export interface Described {
  readonly name: string
  readonly kind: 'server' | 'client'
  readonly metric: MetricName
  /** Of both the span and the metric. */
  readonly attributes: Attributes
  readonly failed: boolean
}

export interface DescribeOptions {
  readonly routeOf: (url: string) => string | undefined
  /** `db.system.name`: `netlify_blobs`, `postgresql`. */
  readonly storeSystem: string
}

/** Describes a measure by the names of the semantic conventions. */
export function describeMeasure(measure: Measure, options: DescribeOptions): Described | null {
  switch (measure.kind) {
    case 'request':
      return describeRequest(measure, options)
    case 'store':
      return describeOperation(measure, options)
    case 'upstream':
      return describeUpstream(measure)
    case 'event':
      return null
  }
}

function describeRequest({ name, detail = '', result, error }: Measure, { routeOf }: DescribeOptions): Described {
  const method = methodOf(name)
  const route = routeOf(detail)
  const status = statusOf(result) ?? 500
  return {
    name: route === undefined ? method : `${method} ${route}`,
    kind: 'server',
    metric: 'http.server.request.duration',
    attributes: {
      'http.request.method': method,
      'http.route': route,
      'http.response.status_code': status,
      'url.scheme': detail.startsWith('http:') ? 'http' : 'https',
      'error.type': status < 500 ? undefined : error === undefined ? String(status) : errorType(error),
    },
    failed: status >= 500,
  }
}

const operations = new Set(['get', 'create', 'replace', 'put', 'remove', 'list', 'removeAll'])

function describeOperation({ name, detail = '', result, error }: Measure, { storeSystem }: DescribeOptions): Described {
  const operation = operations.has(name) ? name : 'other'
  // The first segment of a key names its collection. The others hold hashes of people.
  const collection = /^[a-z][a-z-]{0,39}(?=\/)/.exec(detail)?.[0]
  return {
    name: collection === undefined ? operation : `${operation} ${collection}`,
    kind: 'client',
    metric: 'db.client.operation.duration',
    attributes: {
      'db.system.name': storeSystem,
      'db.operation.name': operation,
      'db.collection.name': collection,
      'mcp_oauth.outcome': error === undefined ? outcomeOf(result) : 'failed',
      'error.type': error === undefined ? undefined : errorType(error),
    },
    failed: error !== undefined,
  }
}

/** How an operation ended: another writer was first, there is no record, or it did what it should. */
function outcomeOf(result: unknown): string {
  if (result === null) return 'absent'
  const lost = typeof result === 'object' && 'won' in result && result.won === false
  return lost ? 'lost' : 'ok'
}

function describeUpstream({ name, detail = '', result, error }: Measure): Described {
  const [method = 'GET', target = ''] = detail.split(' ')
  const url = URL.parse(target)
  const status = statusOf(result)
  return {
    name: `${method} ${name}`,
    kind: 'client',
    metric: 'http.client.request.duration',
    attributes: {
      'http.request.method': methodOf(method),
      // Of a URL from the settings, the host. Its path and query may hold a key. Of a URL that a stranger chose, nothing.
      'server.address': url?.hostname,
      'server.port': url ? Number(url.port) || (url.protocol === 'http:' ? 80 : 443) : undefined,
      'mcp_oauth.upstream': name,
      'http.response.status_code': status,
      'error.type':
        error !== undefined ? errorType(error) : status !== undefined && status >= 400 ? String(status) : undefined,
    },
    failed: error !== undefined || (status !== undefined && status >= 400),
  }
}
