/** better-auth with its OAuth provider plugin, on SQLite in memory through its own adapter. */
import { randomBytes } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { NodeSqliteDialect } from '@better-auth/kysely-adapter/node-sqlite-dialect'
import { oauthProvider, oauthProviderAuthServerMetadata } from '@better-auth/oauth-provider'
import { oauthProviderResourceClient } from '@better-auth/oauth-provider/resource-client'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { genericOAuth, jwt } from 'better-auth/plugins'
import { upstreamClient } from '../control.ts'
import { type OperationKind, Operations } from '../operations.ts'
import { resourceAnswer, serveTarget, webListener } from '../target.ts'
import { approvalPage } from './sign-in-upstream.ts'

const kinds: Readonly<Record<string, OperationKind>> = {
  select: 'read',
  insert: 'write',
  update: 'write',
  delete: 'delete',
}

/** Tables whose rows are as many as they are, however many people there are. */
const fixed = ['jwks', 'oauthResource']

await serveTarget(async (origin, upstream) => {
  const operations = new Operations()
  const database = new DatabaseSync(':memory:')
  const resource = `${origin}/mcp`
  const issuer = `${origin}/api/auth`
  const auth = betterAuth({
    baseURL: origin,
    secret: randomBytes(32).toString('base64url'),
    database: { dialect: countedDialect(database, operations), type: 'sqlite', transaction: true },
    telemetry: { enabled: false },
    logger: { level: 'error' },
    plugins: [
      // The same algorithm as the others. Its own default is EdDSA, whose signatures cost a tenth.
      jwt({ jwks: { keyPairConfig: { alg: 'RS256' } } }),
      genericOAuth({
        config: [
          {
            providerId: 'upstream',
            clientId: upstreamClient.id,
            clientSecret: upstreamClient.secret,
            discoveryUrl: `${upstream}/.well-known/openid-configuration`,
            scopes: ['openid', 'profile', 'email'],
            pkce: true,
          },
        ],
      }),
      oauthProvider({
        loginPage: '/sign-in',
        consentPage: '/consent',
        scopes: ['docs:read', 'offline_access'],
        resources: [resource],
        clientRegistrationDefaultResources: [resource],
        allowDynamicClientRegistration: true,
        allowUnauthenticatedClientRegistration: true,
      }),
    ],
  })
  await (await getMigrations(auth.options)).runMigrations()
  const metadata = oauthProviderAuthServerMetadata(auth)
  const { verifyBearerToken } = oauthProviderResourceClient(auth).getActions()

  async function askResource(request: Request): Promise<Response> {
    const token = (request.headers.get('authorization') ?? '').replace(/^Bearer /, '')
    await verifyBearerToken(token, { jwksUrl: `${issuer}/jwks`, verifyOptions: { audience: resource, issuer } })
    return new Response(resourceAnswer, { headers: { 'content-type': 'application/json' } })
  }

  async function route(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url)
    switch (pathname) {
      case '/mcp':
        return askResource(request)
      case '/.well-known/oauth-authorization-server':
        return metadata(request)
      // Both pages send JSON by a script, to which its client library adds the query of the page.
      case '/sign-in':
        return page('/api/auth/sign-in/social', {
          provider: 'upstream',
          callbackURL: '/',
          oauth_query: search.slice(1),
        })
      case '/consent':
        return page('/api/auth/oauth2/consent', { accept: 'true', oauth_query: search.slice(1) })
      default:
        return auth.handler(request)
    }
  }

  const tables = database
    .prepare("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'")
    .all()
    .map(({ name }) => String(name))
  const rowsOf = (table: string) => Number(database.prepare(`select count(*) as rows from "${table}"`).get()?.rows)
  const records = () => tables.reduce((sum, table) => sum + rowsOf(table), 0)

  return {
    ready: {
      origin,
      metadata: '/.well-known/oauth-authorization-server',
      register: '/api/auth/oauth2/register',
      authorize: '/api/auth/oauth2/authorize',
      token: '/api/auth/oauth2/token',
      resource: '/mcp',
      resourceIdentifier: resource,
      scope: 'docs:read offline_access',
    },
    listener: webListener(origin, (request) => route(request)),
    operations,
    records,
    seed: (count) => seed(database, tables, rowsOf, count),
  }
})

const page = (action: string, fields: Readonly<Record<string, string>>) =>
  new Response(approvalPage(action, fields, 'application/json'), {
    headers: { 'content-type': 'text/html; charset=utf-8' },
  })

/** The dialect that better-auth uses for `node:sqlite`. Each statement is one operation, `begin` and `commit` included. */
function countedDialect(database: DatabaseSync, operations: Operations): NodeSqliteDialect {
  const dialect = new NodeSqliteDialect({ database })
  const counted = new WeakSet<object>()
  const createDriver = dialect.createDriver.bind(dialect)
  dialect.createDriver = () => {
    const driver = createDriver()
    const acquire = driver.acquireConnection.bind(driver)
    driver.acquireConnection = async () => {
      const connection = await acquire()
      if (!counted.has(connection)) {
        const execute = connection.executeQuery.bind(connection)
        connection.executeQuery = (query) => operations.run(kindOf(query.sql), () => execute(query))
        counted.add(connection)
      }
      return connection
    }
    return driver
  }
  return dialect
}

function kindOf(sql: string): OperationKind {
  return kinds[sql.slice(0, 6).toLowerCase()] ?? 'transaction'
}

/** Copies rows of each table in turn. The texts by which rows are found are others in each copy. */
function seed(
  database: DatabaseSync,
  tables: readonly string[],
  rowsOf: (table: string) => number,
  count: number,
): void {
  const copied = tables.filter((table) => rowsOf(table) > 0 && !fixed.includes(table))
  const others = tables.filter((table) => !copied.includes(table)).reduce((sum, table) => sum + rowsOf(table), 0)
  database.exec('pragma foreign_keys = off; begin')
  for (const table of copied) {
    const columns = database
      .prepare(`select name from pragma_table_info('${table}')`)
      .all()
      .map(({ name }) => String(name))
    const other = columns.map((name) =>
      /id$|token$|email|identifier|userName/i.test(name)
        ? `iif("${name}" is null, null, lower(hex(randomblob(16))))`
        : `"${name}"`,
    )
    const insert = database.prepare(
      `insert into "${table}" (${columns.map((name) => `"${name}"`).join(', ')}) select ${other.join(', ')} from (select * from "${table}" limit 1)`,
    )
    const wanted = Math.floor((count - others) / copied.length)
    for (let rows = rowsOf(table); rows < wanted; rows++) insert.run()
  }
  database.exec('commit; pragma foreign_keys = on')
}
