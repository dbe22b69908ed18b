import type { Description } from './description.ts'

export const kept = {
  MCP_KEEP_ATTEMPTS_DAYS: {
    what: 'How many days the steps of each sign-in are kept, for [finding out why it failed](operations.md#how-do-i-find-out-why-a-sign-in-failed).',
    more: 'They name the client and no user. The scheduled function removes older ones.',
    default: '`30`',
    example: '14',
  },
  MCP_KEEP_AUDIT_DAYS: {
    what: 'How many days [the audit log](operations.md#what-is-in-the-audit-log) is kept.',
    more: 'The scheduled function removes older days, each with all its entries. The digests of the days that are left still verify.',
    default: '`400`',
    example: '730',
  },
  MCP_KEEP_USAGE_DAYS: {
    what: 'How many days [usage](storage.md#how-is-usage-counted) is kept by company, client and tool.',
    more: 'Pages look back 90 days. The scheduled function removes older days.',
    default: '`400`',
    example: '730',
  },
  MCP_KEEP_PEOPLE_USAGE_DAYS: {
    what: 'How many days the service keeps what each person did on each day.',
    more: 'After that, only the number of all calls of a person, and the times of the first and the latest, stay.',
    default: '`90`',
    example: '30',
  },
  MCP_KEEP_PEOPLE_DAYS: {
    what: 'After how many days without a sign-in a person is forgotten. `0`: people are kept until they are forgotten on request.',
    more: 'A person with a connected client is kept, however long ago the sign-in was. [What is forgotten](privacy.md#what-does-forgetting-remove), and when.',
    default: '`0`',
    example: '730',
  },
  MCP_PEOPLE_SEALED: {
    what: 'Whether the email address and the name of a person are encrypted in the store: `new`, `all` or `none`.',
    more: '`new`: in the records of people who sign in for the first time, which in a new store are all people. `all`: in every record; the scheduled function also seals those that are in clear. The domain of the address, and the company, stay readable. [More](storage.md#which-personal-data-is-sealed-in-the-store).',
    default: '`new`',
    example: 'all',
  },
} as const satisfies Readonly<Record<string, Description>>
