import { isSecureOrigin, isSecureUrl } from '../settings/urls.ts'

/** What a new site is like. */
export interface Answers {
  /** The organization that runs the site. */
  readonly brand: string
  /** What readers call the documentation. */
  readonly product: string
  /** The URL of the documentation. Empty: none yet. */
  readonly docs: string
  /** `#rrggbb`. */
  readonly color: string
  /** The origin of the new site, which clients see. Empty: Netlify's own. */
  readonly url: string
  readonly provider: string
  /** The issuer of the provider. Empty: not known yet, or all its customers have the same. */
  readonly issuer: string
  /** The tenant at Microsoft Entra ID whose people may sign in, or `any`. Empty at other providers. */
  readonly tenant: string
  /** The client id there. Empty: not known yet. */
  readonly 'client-id': string
  readonly answers: string
  /** The URL of the MCP server that answers. Empty: not known yet. */
  readonly 'answers-url': string
  /** The tool there that takes `query`. Empty: not known yet. */
  readonly 'answers-tool': string
  /** Where the site runs. */
  readonly deploy: string
  readonly store: string
}

export interface Question {
  readonly name: keyof Answers
  readonly text: string
  /** The words that may be answered. Absent: any text. */
  readonly choices?: Readonly<Record<string, string>>
  /** What is answered by pressing Enter. */
  readonly usual: (so: Partial<Answers>) => string
  /** Returns what is wrong with an answer, or nothing. */
  readonly complaint: (answer: string, so: Partial<Answers>) => string | undefined
  /** Whether the question makes sense after these answers. If absent, it always does. */
  readonly applies?: (so: Partial<Answers>) => boolean
}

/** The providers with a preset, each with an example of an issuer. Those without one have the same issuer for all their customers. */
const providers: Readonly<Record<string, { readonly label: string; readonly example?: string }>> = {
  oidc: { label: 'any OpenID Provider', example: 'https://login.example.com/' },
  auth0: { label: 'Auth0', example: 'https://example.auth0.com/' },
  google: { label: 'Google' },
  okta: { label: 'Okta', example: 'https://example.okta.com' },
  entra: { label: 'Microsoft Entra ID' },
  cognito: { label: 'Amazon Cognito', example: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_example' },
  workos: { label: 'WorkOS', example: 'https://api.workos.com/user_management/client_example' },
  keycloak: { label: 'Keycloak', example: 'https://keycloak.example.com/realms/example' },
  github: { label: 'GitHub' },
}

/** An example of the issuer of a provider. `undefined`: the provider needs none. */
export const exampleIssuer = (provider = ''): string | undefined => providers[provider]?.example

/** Services that answer. */
const services = {
  kapa: "Kapa's hosted MCP server",
  mcp: 'an MCP server of your own',
  local: 'none yet: a stand-in on this machine',
}

const targets = { netlify: 'Netlify', container: 'a container of your own' }

const stores = { blobs: 'Netlify Blobs', postgres: 'PostgreSQL' }

const line = (most: number) => (answer: string) => {
  if (answer === '') return 'must not be empty'
  if (answer.length > most) return `must have ${most} characters at most`
  return /["'`\\$\p{C}]/u.test(answer) ? 'must be one line without quotes, $ and \\' : undefined
}
const either =
  (isRight: (answer: string) => boolean, problem: string, mayBeEmpty = true) =>
  (answer: string) =>
    (mayBeEmpty && answer === '') || isRight(answer) ? undefined : problem
const oneOf = (choices: object) => (answer: string) =>
  Object.hasOwn(choices, answer) ? undefined : `must be one of ${Object.keys(choices).join(', ')}`

/** A URL that `.env` can hold: a quote would end its value there. */
const isPlainUrl = (text: string) => isSecureUrl(text) && !/['$]/.test(text)

/** In the order in which they are asked. */
export const questions: readonly Question[] = [
  { name: 'brand', text: 'Who runs the site?', usual: () => 'Example', complaint: line(60) },
  {
    name: 'product',
    text: 'What do readers call the documentation?',
    usual: ({ brand = '' }) => `${brand} documentation`,
    complaint: line(80),
  },
  {
    name: 'docs',
    text: 'Where is the documentation? (a URL, or nothing)',
    usual: () => '',
    complaint: either(isPlainUrl, 'must be an https URL'),
  },
  {
    name: 'color',
    text: 'The color of your brand',
    usual: () => '#0b5fff',
    complaint: either((text) => /^#[0-9a-f]{6}$/i.test(text), 'must be #rrggbb', false),
  },
  {
    name: 'url',
    text: 'The address of the new site (https://…, or nothing if it has none yet)',
    usual: () => '',
    complaint: either(isSecureOrigin, 'must be an origin such as https://docs-mcp.example.com, without a path'),
  },
  {
    name: 'provider',
    text: 'Where do readers sign in?',
    choices: Object.fromEntries(Object.entries(providers).map(([name, { label }]) => [name, label])),
    usual: () => 'oidc',
    complaint: oneOf(providers),
  },
  {
    name: 'issuer',
    text: 'Its issuer: what stands before /.well-known/openid-configuration',
    usual: () => '',
    complaint: (answer, { provider }) =>
      answer === '' || (isPlainUrl(answer) && !/[?#]|\/\.well-known\//.test(answer))
        ? undefined
        : `must be an https URL, such as ${exampleIssuer(provider)}`,
    applies: ({ provider }) => exampleIssuer(provider) !== undefined,
  },
  {
    name: 'tenant',
    text: 'The tenant whose people may sign in (its id, or any)',
    usual: ({ provider }) => (provider === 'entra' ? 'any' : ''),
    complaint: either(
      (text) => /^(?:any|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.test(text),
      'must be the id of a tenant in lower case, or any',
      false,
    ),
    applies: ({ provider }) => provider === 'entra',
  },
  {
    name: 'client-id',
    text: 'The client id of this site there (nothing if you do not have it yet)',
    usual: () => '',
    complaint: either((text) => /^[\w.~:@/-]{1,200}$/.test(text), 'must have letters, digits and -._~:@/ only'),
  },
  {
    name: 'answers',
    text: 'What answers the questions?',
    choices: services,
    usual: () => 'local',
    complaint: oneOf(services),
  },
  {
    name: 'answers-url',
    text: 'The URL of that MCP server',
    usual: () => '',
    complaint: either(isPlainUrl, 'must be an https URL'),
    applies: ({ answers }) => answers !== 'local',
  },
  {
    name: 'answers-tool',
    text: 'The tool there that takes a query',
    usual: () => '',
    complaint: either((text) => /^[\w.-]{1,128}$/.test(text), 'must be the name of a tool'),
    applies: ({ answers }) => answers !== 'local',
  },
  { name: 'deploy', text: 'Where does it run?', choices: targets, usual: () => 'netlify', complaint: oneOf(targets) },
  {
    name: 'store',
    text: 'Where is the data?',
    choices: stores,
    usual: ({ deploy }) => (deploy === 'container' ? 'postgres' : 'blobs'),
    complaint: (answer, { deploy }) =>
      deploy === 'container' && answer === 'blobs'
        ? 'must be postgres: Netlify Blobs exist on Netlify only'
        : oneOf(stores)(answer),
  },
]

/**
 * Completes answers that were given as flags. `ask` is called for each of the others; without it, they are as usual.
 *
 * @throws WrongAnswer for a flag that is wrong, or that another answer makes meaningless
 */
export async function completeAnswers(
  given: Partial<Record<keyof Answers, string | undefined>>,
  ask?: (question: Question, usual: string, so: Partial<Answers>) => Promise<string>,
): Promise<Answers> {
  const so: Partial<Record<keyof Answers, string>> = {}
  for (const question of questions) {
    const { name, usual, complaint, applies } = question
    const flag = given[name]?.trim()
    if (applies?.(so) === false) {
      if (flag) throw new WrongAnswer(`--${name} does not go with ${meaningless(so)}`)
      so[name] = usual(so)
      continue
    }
    const answer = flag ?? (ask ? await ask(question, usual(so), so) : usual(so))
    const problem = complaint(answer, so)
    if (problem !== undefined) throw new WrongAnswer(`--${name} ${problem}`)
    so[name] = answer
  }
  return so as Answers
}

const meaningless = ({ provider, answers }: Partial<Answers>) =>
  answers === undefined ? `--provider ${provider}` : `--answers ${answers}`

/** An answer is wrong. The message is one line for the user. */
export class WrongAnswer extends Error {
  override readonly name = 'WrongAnswer'
}
