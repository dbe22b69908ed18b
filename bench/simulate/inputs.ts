/**
 * Every figure that the simulation and docs/scale.md start from, with its source. A figure is changed here and nowhere else.
 *
 * `measured`: `npm run bench` on 2026-11-30, two shared cores of an Intel Xeon, Node 24.21.0, other programs running.
 * `assumed`: it could not be measured here.
 */
export interface Input {
  readonly value: number
  readonly unit: string
  readonly what: string
  readonly source: string
}

const measured = 'measured'
const netlifyPrices = 'Netlify, How credits work, and its pricing page, as read by several sites up to 2026-10-10'
const neonPrices = 'Neon, plans, page of 2026-11-12'
const fargatePrices = 'AWS Fargate us-east-1, as read on 2026-06-17'
const rdsPrices = 'AWS RDS us-east-1, as read in May and June 2026'

const input = (value: number, unit: string, what: string, source: string): Input => ({ value, unit, what, source })

export const inputs = {
  // Who comes.
  callsOfSession: input(5, 'calls', 'tool calls of a person in one sitting', 'assumed'),
  requestsOfSession: input(
    3,
    'requests',
    'other MCP requests of a sitting: initialize, initialized, tools/list',
    'as clients send',
  ),
  refreshesOfSession: input(0.7, 'requests', 'refreshes of a sitting; an access token lives for an hour', 'assumed'),
  signInDays: input(30, 'days', 'after which a person signs in again', 'the life of an unused refresh token'),
  clientsOfPerson: input(1.5, 'clients', 'that a person has connected', 'assumed'),

  // What a request costs: CPU of the whole process, with the host and Netlify's bootstrap.
  cpuOfCall: input(8.4, 'ms', 'CPU of a tool call at /mcp, with three store operations', measured),
  cpuOfRequest: input(2.2, 'ms', 'CPU of another MCP request with a token', measured),
  cpuOfRefresh: input(2.9, 'ms', 'CPU of a refresh', measured),
  cpuOfSignIn: input(10.7, 'ms', 'CPU of a whole sign-in: authorization, approval, callback, code exchange', measured),
  coldCpuOfMcp: input(61, 'ms', 'import and first answer of mcp, beyond an empty function (30 ms)', measured),
  coldCpuOfOAuth: input(32, 'ms', 'the same of oauth, at the token endpoint', measured),
  coldEmpty: input(250, 'ms', 'start of an empty instance, before our code', 'assumed: Lambda takes 100 to 400 ms'),
  cpuFactor: input(
    2,
    '×',
    'a function of 1 GB is so much slower than a core of the measurement',
    'assumed: it has about 0.6 of a core',
  ),
  bytesOfAnswer: input(6, 'KB', 'sent for a call: five passages of an answer', measured),

  // Store operations: on the path of the answer, and after it.
  pathOfCall: input(1, 'operations', 'on the path of a call, one after the other', measured),
  afterCall: input(2, 'operations', 'after it: the usage event, the first call or the place below the limit', measured),
  pathOfRefresh: input(1, 'operations', 'on the path of a refresh', measured),
  pathOfSignIn: input(1, 'operations', 'on the path of a sign-in', measured),
  afterSignIn: input(
    22,
    'operations',
    'after a sign-in: user, indexes, connection, steps, audit, usage',
    'counted in docs/storage.md',
  ),

  // Time outside of our code.
  blobsMedian: input(20, 'ms', 'a Blobs operation, median', 'assumed: Netlify says nothing; 10 to 50 ms'),
  blobsTail: input(120, 'ms', 'the same, 99th percentile', 'assumed'),
  postgresMedian: input(3, 'ms', 'a statement in the same region, median', 'assumed'),
  postgresTail: input(25, 'ms', 'the same, 99th percentile', 'assumed'),
  storeFaults: input(0.0005, '', 'of the attempts of a store operation fail or time out, and are repeated', 'assumed'),
  attemptTimeout: input(2000, 'ms', 'after which an attempt is repeated', 'lib/store/blobs/blobs.ts'),
  deadline: input(8000, 'ms', 'after which a request gives up', 'lib/netlify/serve-oauth.ts'),
  upstreamMedian: input(3000, 'ms', 'an answer of Kapa, median', 'reference: p50 about 3 s'),
  upstreamTail: input(9000, 'ms', 'the same, 99th percentile', 'reference: p95 about 4.5 s'),
  idle: input(600, 's', 'after which the platform removes an idle instance', 'assumed: 5 to 15 minutes'),
  thaw: input(
    15,
    'ms',
    'a new connection to the store, if the instance was frozen for longer than 4 s',
    'assumed: two round trips',
  ),

  // What is kept: bytes with key, index and overhead of a row.
  bytesOfUser: input(
    1900,
    'bytes',
    'user, month of the last sign-in, names and three indexes',
    'counted in docs/storage.md',
  ),
  bytesOfGrant: input(1000, 'bytes', 'grant and connection of a user and a client', 'counted in docs/storage.md'),
  bytesOfTrace: input(3200, 'bytes', 'eight steps of a sign-in, for 30 days', 'counted in docs/storage.md'),
  bytesOfAudit: input(
    2000,
    'bytes',
    'the entries of a sign-in in the audit log, for 400 days',
    'counted in docs/storage.md',
  ),
  bytesOfEvent: input(420, 'bytes', 'a usage event, until its day is counted', 'counted in docs/storage.md'),
  bytesOfPersonDay: input(
    31,
    'bytes',
    'a person on a day in the counts, for 90 days',
    'measured with the code, npm run simulate -- --records',
  ),
  statementsOfCore: input(
    3000,
    '/s',
    'statements that a core of PostgreSQL answers',
    'a real server answered 6,450 a second on two shared cores',
  ),

  // Limits.
  scheduledTime: input(30, 's', 'for a scheduled function', 'Netlify, functions'),
  listPage: input(1000, 'keys', 'in one page of a listing', 'Netlify Blobs'),
  largestAnswer: input(16, 'MB', 'of an answer of the store that the service reads', 'lib/store/blobs/http-fetch.ts'),
  containerCpu: input(
    0.6,
    '',
    'of a core is busy at the hour with the most requests',
    'a rule of thumb: beyond it, waiting grows fast',
  ),

  // Prices, in US dollars.
  creditPrice: input(10 / 1500, '$', 'a credit: 1,500 for $10 by auto recharge of Pro', netlifyPrices),
  proPrice: input(20, '$/month', 'Netlify Pro, with 3,000 credits', netlifyPrices),
  proCredits: input(3000, 'credits', 'included in it', netlifyPrices),
  computeCredits: input(10, 'credits', 'for one GB-hour of functions', netlifyPrices),
  requestCredits: input(2, 'credits', 'for 10,000 web requests', netlifyPrices),
  bandwidthCredits: input(20, 'credits', 'for a GB sent', netlifyPrices),
  databaseCredits: input(
    10,
    'credits',
    'for an hour of one unit of Netlify Database: a quarter of a core and 1 GB',
    'Netlify, Netlify Database billing',
  ),
  neonHour: input(0.222, '$', 'a CU-hour of Neon Scale: one core and 4 GB', neonPrices),
  smallestDatabase: input(
    0.25,
    'CU',
    'the smallest database of Neon; otherwise twice what the busiest minutes need',
    neonPrices,
  ),
  neonStorage: input(0.35, '$', 'a GB for a month at Neon', neonPrices),
  coreHour: input(0.04048, '$', 'a core for an hour in a container', fargatePrices),
  memoryHour: input(0.004445, '$', 'a GB for an hour in a container', fargatePrices),
  balancerMonth: input(22, '$/month', 'a load balancer, with little traffic', 'AWS, as read on 2026-06-17'),
  trafficPrice: input(0.09, '$', 'a GB sent to the internet', 'AWS, as read in 2026'),
  databaseHour: input(0.13, '$', 'PostgreSQL with a standby: db.t4g.medium, two cores and 4 GB', rdsPrices),
  databaseStorage: input(0.115 * 2, '$', 'a GB for a month there, with its standby', rdsPrices),
} as const satisfies Record<string, Input>

export type InputName = keyof typeof inputs

/** The value of an input. */
export const of = (name: InputName): number => inputs[name].value

/** The rows of the table of inputs in docs/scale.md. */
export const inputRows = (): readonly string[] =>
  Object.values(inputs).map(({ value, unit, what, source }) => {
    const number = value.toLocaleString('en', { maximumFractionDigits: 6 })
    return `| ${what} | ${number}${unit === '' ? '' : ` ${unit}`} | ${source} |`
  })
