import { isDatabaseUrl } from '../database-url.ts'
import { choice, integer, listOf, type Rows, text, withDefault } from '../forms.ts'
import { isSecret, secretForm } from '../secrets.ts'

const service = { subject: 'service' } as const
const account = { subject: 'account' } as const

/**
 * The settings of the store. `service/store.ts` reads `STORE_BACKEND` and whether there is a `STORE_MOVING_FROM` itself, so that a sign-in on Blobs loads none of these: a
 * wrong value leads to no store there, and never to another one.
 */
export const storeRows = {
  STORE_BACKEND: withDefault('blobs', choice(service, { blobs: 'blobs', postgres: 'postgres' }, 'none')),
  DATABASE_URL: text(
    { ...service, secret: true, aliases: ['NETLIFY_DB_URL', 'NETLIFY_DATABASE_URL'] },
    'a postgres:// URL with a database, and with ?sslmode= unless the server is on this machine',
    isDatabaseUrl,
  ),
  DATABASE_CONNECTIONS: integer(service, { from: 1, to: 100, default: 5 }),
  STORE_MOVING_FROM: choice(service, { blobs: 'blobs', postgres: 'postgres' }, 'none'),
  MCP_STORE_COPY_TOKEN: listOf({ ...account, secret: true }, secretForm, isSecret),
} as const satisfies Rows
