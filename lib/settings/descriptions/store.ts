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
} as const satisfies Readonly<Record<string, Description>>
