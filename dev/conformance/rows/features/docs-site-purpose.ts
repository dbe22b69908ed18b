import { issues } from '../../row.ts'
import { from } from './from.ts'

const server = 'lib/oauth/authorization-server.ts'
const attribution = 'lib/people/sign-ins.ts'
const profiles = 'tests/clients/profiles'

/** What it is for, and what its first two attempts were. */
export const docsSitePurpose = from('docs-site, purpose and history', [
  {
    id: 'F-000-01',
    level: 'feature',
    status: 'kept',
    requirement:
      'People sign in for the documentation’s MCP server; their address at work is recorded, and their company.',
    what: 'Each sign-in records person, address, domain and organization, and with which client.',
    file: [server, attribution],
    by: ['B8-15', 'S-02', 'O-15'],
    open: 'How often somebody asks, and with which tools, is recorded nowhere yet: “The docs team sees who asks; people see what they have connected”.',
  },
  {
    id: 'F-000-02',
    level: 'feature',
    status: 'kept',
    requirement: 'Clients that know standard OAuth and nothing else, such as ChatGPT.',
    what: 'No key to copy and no field to fill in: each profile of a client signs in with what it sends by itself.',
    file: [server, profiles],
  },
  {
    id: 'F-000-03',
    level: 'feature',
    status: 'kept',
    requirement:
      'An authorization server of its own, which leaves the login to the OpenID Provider and issues its own tokens.',
    what: 'Clients meet our issuer only; a token of the provider opens nothing here.',
    file: server,
    by: ['D-03', 'F-09', 'S-08'],
  },
  {
    id: 'F-000-04',
    level: 'feature',
    status: 'kept',
    requirement: 'The provider sees one client, however many register here.',
    what: 'One client id and one callback; of a client’s request nothing but `prompt` reaches the provider.',
    file: 'lib/oauth/authorization/provider-redirect.ts',
    by: ['F-10'],
  },
  {
    id: 'F-000-05',
    level: 'feature',
    status: 'kept',
    requirement: 'The provider has neither dynamic registration nor metadata documents.',
    what: 'Neither is needed there: clients register here, or publish a document that is read here.',
    file: 'lib/oauth/clients/resolve.ts',
    by: ['R-01', 'F-10'],
  },
  {
    id: 'F-000-06',
    level: 'feature',
    status: 'kept',
    requirement:
      'Who does what: of the provider one public client with PKCE and an ID token with address and organization; everything else here.',
    what: 'Nothing more is asked of the provider. All endpoints, both ways to be a client, keys, pages and tokens are here, and so is what must survive: in Netlify Blobs.',
    file: [server, 'lib/oauth/providers/openid-provider.ts'],
    by: ['F-03', 'F-05', 'D-08', 'R-01'],
  },
  {
    id: 'F-000-07',
    level: 'feature',
    status: 'kept',
    requirement: 'The way of a sign-in: client, our server, provider, our server, our tokens, `/mcp`.',
    what: 'The demo goes it with a real client, against the artifact and a certified OpenID Provider.',
    file: server,
    command: 'demo',
  },
  {
    id: 'F-000-08',
    level: 'feature',
    status: 'kept',
    requirement: 'Address and organization are taken from the login, and told to Kapa.',
    what: 'In the access token, and as `_meta.user` with every question.',
    file: ['lib/oauth/token/access-token.ts', 'lib/answers/kapa.ts'],
    by: ['S-09', 'B8-15'],
  },
  {
    id: 'F-000-09',
    level: 'deferred',
    status: 'later',
    issue: issues.people,
    requirement: 'The same login for the documentation site itself, with a browser session instead of tokens.',
    what: 'Not built: a sign-in ends in a code only. The room of the provider knows nothing of tokens, so that it can end in a session too.',
  },
  {
    id: 'F-000-10',
    level: 'superseded',
    status: 'not applicable',
    requirement: 'A form that sends a token by e-mail.',
    what: 'Given up by the source: people sign in instead.',
  },
  {
    id: 'F-000-11',
    level: 'superseded',
    status: 'not applicable',
    requirement: 'Such tokens as hashes in the store; a token in the query.',
    what: 'Given up by the source. No token is stored, and one in the query is none (S-01).',
  },
  {
    id: 'F-000-12',
    level: 'superseded',
    status: 'not applicable',
    requirement: 'A way round for developers, by `NETLIFY_DEV` and not by `NODE_ENV`.',
    what: 'Given up with that form; its lesson is F-000-38.',
  },
  {
    id: 'F-000-13',
    level: 'superseded',
    status: 'not applicable',
    requirement: 'A resource server only, which asks the provider about each token.',
    what: 'Given up by the source: our own tokens have one audience, and are verified without asking anybody (S-07).',
  },
  {
    id: 'F-000-14',
    level: 'feature',
    status: 'kept',
    requirement: 'A token comes in the header only.',
    what: 'One in the URL or in a form is no token.',
    file: 'lib/resource-server/authorization-header.ts',
    by: ['S-01'],
  },
  {
    id: 'F-000-15',
    level: 'superseded',
    status: 'not applicable',
    requirement: 'A probing document that was added and taken away again.',
    what: 'There is none in this repository.',
  },
])
