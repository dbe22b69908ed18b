import { issues } from '../../row.ts'
import { from } from './from.ts'

const attribution = 'lib/people/sign-ins.ts'
const reader = 'docs/connecting.md'

const recorded = from('docs-site, capture and CRM', [
  {
    id: 'F-000-79',
    level: 'feature',
    status: 'kept',
    requirement: 'Who signed in goes to the store, to the log, and to `CRM_WEBHOOK_URL`; none of it holds anybody up.',
    what: 'After the answer, by `waitUntil`.',
    file: [attribution, 'lib/people/crm.ts'],
    by: ['B8-15'],
    open: 'A CRM that fails is not told again: “The docs team sees who asks; people see what they have connected”.',
  },
  {
    id: 'F-000-80',
    level: 'feature',
    status: 'kept',
    requirement: 'Address, domain, `sub`, whether it is verified, and the organization where it is known.',
    what: 'So it is, in record and CRM; the log has domain and `sub`.',
    file: attribution,
  },
  {
    id: 'F-000-81',
    level: 'feature',
    status: 'kept',
    requirement: 'Kapa hears who asks, by `_meta.user`.',
    what: 'Address and company: the organization’s name, else the domain. If Kapa does not like it, the question is asked without.',
    file: 'lib/answers/kapa.ts',
    by: ['S-09'],
  },
])

const documents = from('docs-site, documentation and preview', [
  {
    id: 'F-000-82',
    level: 'document',
    status: 'kept',
    requirement: 'How to sign in, client by client; what is shared; where to sign up; nothing to paste.',
    what: 'A page for readers that is made from the settings, and one for each client.',
    file: [reader, 'docs/connecting.md', 'docs/clients/README.md'],
  },
  {
    id: 'F-000-83',
    level: 'document',
    status: 'kept',
    requirement: '“Staying signed in”.',
    what: 'With the figures of the settings.',
    file: [reader, 'docs/connecting.md'],
    by: ['B8-18'],
  },
  {
    id: 'F-000-84',
    level: 'document',
    status: 'kept',
    requirement: 'Personal addresses are accepted by default.',
    what: 'The page for readers says otherwise where the setting does.',
    file: 'lib/guide/guide.ts',
  },
  {
    id: 'F-000-85',
    level: 'operation',
    status: 'kept',
    requirement: 'A preview has another provider than production.',
    what: 'The provider is a setting for each context of Netlify; the preview’s issuer is its own host.',
    file: 'lib/settings/provider.ts',
    by: ['O-16'],
  },
  {
    id: 'F-000-86',
    level: 'operation',
    status: 'kept',
    requirement: 'How a reviewer tries a preview.',
    what: 'Four commands.',
    file: 'docs/operations.md',
    by: ['F-001-29'],
  },
  {
    id: 'F-000-87',
    level: 'test',
    status: 'kept',
    requirement: 'A command that runs the tests of the server.',
    what: '`npm test` runs all of them.',
    file: 'vitest.config.ts',
    command: 'test',
  },
  {
    id: 'F-000-88',
    level: 'operation',
    status: 'not applicable',
    requirement: 'Proven against Auth0 itself.',
    what: 'It takes an account there, which this project does not have: nothing here has been tried against Auth0. The tests sign in at `oidc-provider`, a certified OpenID Provider, over HTTP; who deploys it tries the rest by the steps of README.',
  },
  {
    id: 'F-000-89',
    level: 'operation',
    status: 'kept',
    requirement: 'Redpanda’s provider by default; another by `REDPANDA_OAUTH_ISSUER`.',
    what: 'Or `UPSTREAM_ISSUER`; with a brand of one’s own there is no default.',
    file: 'lib/settings/provider.ts',
  },
  {
    id: 'F-000-90',
    level: 'wish',
    status: 'later',
    issue: issues.years,
    requirement: 'Postgres as the system of record.',
    what: 'Not built. Blobs are as safe for what is used once, since their writes are conditional (O-03, T-14); what a database is good for besides, such as reports, has to wait.',
  },
  {
    id: 'F-000-91',
    level: 'feature',
    status: 'kept',
    requirement: 'The names of its settings.',
    what: 'All that it names first, and of the others `MCP_OAUTH_SIGNUP_URL`, `REDPANDA_OAUTH_ISSUER`, the lifetimes, the limits of documents, the path of the form and `KAPA_API_KEY`. What `URL` and `DEPLOY_PRIME_URL` would say is taken from Netlify’s context of the request; `MCP_OAUTH_UPSTREAM` follows from what is set.',
    file: 'lib/settings/configuration.ts',
    open: '`STORE_BACKEND` and `NETLIFY_DATABASE_URL` come with Postgres. `MCPCAT_PROJECT` does not: usage is to be recorded here (“The docs team sees who asks; people see what they have connected”).',
  },
])

/** What is known of people, and what they and operators read. */
export const docsSitePeople = [...recorded, ...documents]
