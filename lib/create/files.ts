import { newSecret } from '../settings/secrets.ts'
import { type Answers, exampleIssuer } from './answers.ts'

/** The text of a function in this package's own repository, by its name. */
export type FunctionTexts = Readonly<Record<string, string>>

/**
 * Makes the files of a new site, each with its path. Only `.env`, which git ignores, has a secret.
 *
 * @param version of this package, which the site depends on
 */
export function filesOf(
  answers: Answers,
  { version, functions }: { readonly version: string; readonly functions: FunctionTexts },
): Readonly<Record<string, string>> {
  const example = settingsOf(answers)
  return {
    'package.json': manifest(answers, version),
    '.gitignore': 'node_modules\n.env\n.netlify\ndist\n',
    '.nvmrc': '24\n',
    '.env.example': `${header}${linesOf({ ...example, ...emptySecrets(answers) })}`,
    '.env': `${header}${linesOf({ ...example, ...emptySecrets(answers), MCP_OAUTH_SECRET: newSecret() })}`,
    'tsconfig.json': compiler,
    'README.md': readme(answers),
    'test/site.test.ts': siteTest,
    ...(answers.deploy === 'container' ? containerFiles : netlifyFiles(answers, functions)),
  }
}

const netlifyFiles = ({ product }: Answers, functions: FunctionTexts) => ({
  'netlify.toml': netlify,
  'public/index.html': `<!doctype html><title>${escaped(product)}</title>\n`,
  ...Object.fromEntries(
    Object.entries(functions).map(([name, text]) => [`netlify/functions/${name}.ts`, functionOf(name, text)]),
  ),
})

/** What runs in the image has no packages: one program, and the functions that it runs. */
const containerFiles = {
  Dockerfile: `FROM node:24-bookworm-slim AS packages
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-progress

FROM node:24-bookworm-slim
ENV NODE_ENV=production PORT=8080
WORKDIR /app
COPY --from=packages /src/node_modules/mcp-oauth-broker/container ./
# The files belong to root, so the service cannot change itself.
USER node
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=10s --start-period=20s --retries=3 CMD ["node", "server.mjs", "health"]
CMD ["node", "--max-semi-space-size=4", "server.mjs"]
`,
  '.dockerignore': '.env\nnode_modules\n.git\n',
}

/**
 * Makes a function of the site. What Netlify reads from it is in it as literals, word for word as in this package's repository. Its
 * code is in the package.
 */
function functionOf(name: string, text: string): string {
  return text
    .replace(
      /import \{ (\w+) \} from '\.\.\/\.\.\/lib\/netlify\/[\w-]+\.ts'/,
      `import $1 from 'mcp-oauth-broker/netlify/${name}'`,
    )
    .replace(' tests/flows/manifest.test.ts checks the result.', '')
}

const manifest = ({ brand, deploy }: Answers, version: string) =>
  `${JSON.stringify(
    {
      name: `${slug(brand)}-docs-mcp`,
      private: true,
      type: 'module',
      engines: { node: '>=24' },
      scripts: {
        test: 'node --test',
        start: 'mcp-oauth-broker dev',
        secret: 'mcp-oauth-broker secret',
        ...(deploy === 'container' && { serve: 'node node_modules/mcp-oauth-broker/container/server.mjs' }),
      },
      dependencies: { 'mcp-oauth-broker': `^${version}` },
      ...(deploy === 'netlify' && { devDependencies: { '@netlify/functions': '^6.0.0' } }),
    },
    null,
    2,
  )}\n`

const slug = (text: string) =>
  text
    .toLowerCase()
    .match(/[a-z0-9]+/g)
    ?.join('-')
    .slice(0, 40) ?? 'example'

const netlify = `[build]
  command = "npm test"
  publish = "public"

[build.environment]
  NODE_VERSION = "24"

# The package has bundled each function already. A cold start would load all of it if it were bundled again.
[functions]
  node_bundler = "esbuild"
  external_node_modules = ["mcp-oauth-broker"]
`

const compiler = `${JSON.stringify(
  {
    compilerOptions: {
      target: 'es2024',
      module: 'nodenext',
      noEmit: true,
      strict: true,
      allowImportingTsExtensions: true,
      erasableSyntaxOnly: true,
    },
    include: ['netlify', 'test'],
  },
  null,
  2,
)}\n`

const header = `# The settings of this site. Your own values are in .env, which git ignores.

`

function settingsOf(answers: Answers): Readonly<Record<string, string>> {
  const { brand, product, docs, color, url, provider, issuer, tenant, store } = answers
  const id = answers['client-id'] || 'your-client-id'
  return {
    MCP_BRAND_NAME: brand,
    MCP_PRODUCT_NAME: product,
    MCP_BRAND_COLOR: color,
    ...(docs && { MCP_DOCS_URL: docs }),
    ...(url && { MCP_OAUTH_ISSUER: url }),
    MCP_OAUTH_OWN_HOST: 'true',
    REQUIRE_AUTH: 'true',
    MCP_FEEDBACK_FORM_PATH: 'off',
    MCP_PROVIDERS: JSON.stringify([
      {
        name: 'default',
        preset: provider,
        ...(exampleIssuer(provider) !== undefined && { issuer: issuer || exampleIssuer(provider) }),
        ...(tenant && { organizations: tenant === 'any' ? tenant : [tenant] }),
        client_id: id,
        client_secret_variable: providerSecret,
      },
    ]),
    ...(answers.answers === 'local'
      ? {}
      : {
          KAPA_MCP_SERVER_URL: answers['answers-url'],
          ...(answers['answers-tool'] && { KAPA_TOOL_NAME: answers['answers-tool'] }),
        }),
    ...(store === 'postgres' && { STORE_BACKEND: 'postgres' }),
  }
}

const providerSecret = 'MCP_PROVIDER_SECRET_DEFAULT'

/** The settings that are secrets, without values. */
const emptySecrets = ({ store }: Answers) => ({
  MCP_OAUTH_SECRET: '',
  [providerSecret]: '',
  KAPA_API_KEY: '',
  ...(store === 'postgres' && { DATABASE_URL: '' }),
})

const linesOf = (settings: Readonly<Record<string, string>>) =>
  Object.entries(settings)
    .map(([name, value]) => `${name}=${/[\s#"]/.test(value) ? `'${value}'` : value}\n`)
    .join('')

const escaped = (text: string) => text.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`)

const siteTest = `import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type LocalSite, startSite } from 'mcp-oauth-broker/testing'

let site: LocalSite
before(async () => {
  site = await startSite(new URL('..', import.meta.url))
})
after(() => site?.stop())

test('a client without a token is told where to sign in', async () => {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(site.mcpUrl, { method: 'POST', headers, body: '{}' })
  assert.equal(response.status, 401)
  assert.match(response.headers.get('www-authenticate') ?? '', /oauth-protected-resource/)
})

test('the metadata has this site as its issuer', async () => {
  const response = await fetch(\`\${site.url}/.well-known/oauth-authorization-server\`)
  assert.equal((await response.json()).issuer, site.url)
})

test('a reader signs in and asks a question', async () => {
  const { accessToken } = await site.signIn()
  const { tools } = (await site.request(accessToken, 'tools/list')) as {
    tools: { name: string; inputSchema: { required?: string[] } }[]
  }
  const ask = tools.find(({ inputSchema }) => inputSchema.required?.includes('question'))
  assert.ok(ask, 'no tool takes a question')
  const answer = await site.request(accessToken, 'tools/call', {
    name: ask.name,
    arguments: { question: 'What are the next steps?' },
  })
  assert.notEqual(answer.isError, true)
})
`

function readme({ product, provider, answers, store, url, deploy }: Answers): string {
  const steps = [
    `**Sign-in.** Register an application at your OpenID Provider (\`${provider}\`). Its redirect URI is \`${url || 'https://<your site>'}/mcp/callback\`. Put the issuer and the client id into \`MCP_PROVIDERS\` if they are not there yet, and the client secret into \`${providerSecret}\`. Without a secret, remove \`client_secret_variable\`.`,
    answers === 'local'
      ? '**Answers.** Set `KAPA_MCP_SERVER_URL` to the MCP server that answers questions, `KAPA_TOOL_NAME` to its tool that takes `query`, and `KAPA_API_KEY` to its key. On your own machine a stand-in answers from this file.'
      : '**Answers.** Put the key of the MCP server that answers into `KAPA_API_KEY`.',
    store === 'postgres'
      ? '**Data.** Put the URL of the database into `DATABASE_URL`, and run `npx mcp-oauth-broker migrate` once, and again after each upgrade.'
      : '**Data.** Netlify Blobs needs no settings.',
    deploy === 'container'
      ? '**Deploy.** `docker build -t docs-mcp .` makes the image. Run it behind a load balancer that ends TLS, with `.env` as its environment. `MCP_OAUTH_ISSUER` is the https origin that clients see; `TRUSTED_PROXIES` has the addresses of the load balancer.'
      : '**Deploy.** Make a site on Netlify from this repository, import `.env` as its environment variables, and deploy. `netlify env:import .env` does it from the command line.',
    '**Try it.** Add `<your site>/mcp` to an MCP client.',
  ]
  return `# ${product} over MCP

MCP clients sign readers in and ask the documentation. The code is in the package \`mcp-oauth-broker\`; this repository has the
settings${deploy === 'netlify' ? ', and what Netlify must read from files of its own' : ' and the image'}.

    npm install
    npm test      # starts the site, signs a reader in, asks a question
    npm start     # the site on this machine, with a local OpenID Provider, on a new port each time
    npm start -- --port 8888     # the same, always on this port

## What are the next steps?

${steps.map((step, index) => `${index + 1}. ${step}`).join('\n')}

Never commit \`.env\`: it has the secret that seals every sign-in.

## How do I upgrade?

\`npm update mcp-oauth-broker\`, then \`npm test\`.${deploy === 'netlify' ? ' If the release notes name a new path of a function, add it to\n`netlify/functions/`.' : ''}
`
}
