import type { Description } from './description.ts'

export const store = {
  STORE_BACKEND: {
    what: 'Where everything is stored: Netlify Blobs or PostgreSQL.',
    more: 'See [the two stores](storage.md#which-store-should-i-use). A change does not move the data.',
    example: 'postgres',
  },
  DATABASE_URL: {
    what: 'The database, where `STORE_BACKEND` is `postgres`: PostgreSQL 15 or newer.',
    more: 'Netlify sets `NETLIFY_DB_URL` for its own databases, and set `NETLIFY_DATABASE_URL` earlier. `sslmode=require` and `verify-full` check the certificate. Without `STORE_BACKEND=postgres`, the service does not look at it.',
  },
  DATABASE_CONNECTIONS: {
    what: 'The most connections of one instance of a function, or of one host, to the database.',
    more: 'Where many users come at once, use the address of a pooler.',
    example: '10',
  },
  STORE_MOVING_FROM: {
    what: 'The store that the records are moving from, to that of `STORE_BACKEND`. Set it only for the time of [a move](moving.md).',
    more: 'While it is set, each record is used where it is. Remove it when `npm run store -- copy` says so: earlier, the grants that have not moved would be lost.',
    example: 'blobs',
  },
  MCP_STORE_COPY_TOKEN: {
    what: 'A bearer token with which `npm run store -- copy` drives [the copy of a move](moving.md). Make it with `npm run -s secret`.',
    more: 'It differs from every other secret, and may have two values while you rotate it. It reads and returns no record. Without it, nothing can be copied.',
    default: 'none',
  },
} as const satisfies Readonly<Record<string, Description>>
