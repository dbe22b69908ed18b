import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { type TemporaryFolder, temporaryFolder } from '../../dev/temporary-folder.ts'
import { keepSecret } from '../../dev/worlds/secrets.ts'
import { reviewSettings } from '../settings/all.ts'
import { parseSecret } from '../settings/secrets.ts'
import { type Answers, completeAnswers, questions, WrongAnswer } from './answers.ts'
import { createSite, functionTexts } from './create.ts'
import { filesOf } from './files.ts'

const folders: TemporaryFolder[] = []
afterAll(() => Promise.all(folders.map((folder) => folder.remove())))
function newFolder(): string {
  const folder = temporaryFolder()
  folders.push(folder)
  return join(folder.path, 'site')
}

const made = async (flags: Partial<Answers> = {}) =>
  filesOf(await completeAnswers(flags), { version: '1.2.3', functions: await functionTexts() })

describe('the answers', () => {
  test('are as usual where there is no flag', async () => {
    expect(await completeAnswers({})).toMatchObject({
      brand: 'Example',
      product: 'Example documentation',
      provider: 'oidc',
      answers: 'local',
      store: 'blobs',
    })
  })

  test('are asked only where there is no flag, and only where they make sense', async () => {
    const asked: string[] = []
    const answers = await completeAnswers({ provider: 'google', store: 'postgres' }, async ({ name }, usual) => {
      asked.push(name)
      return usual
    })
    expect(asked).toEqual(['brand', 'product', 'docs', 'color', 'url', 'client-id', 'answers', 'deploy'])
    expect(answers).toMatchObject({ provider: 'google', issuer: '', tenant: '', store: 'postgres' })
  })

  test.each<[Partial<Answers>, string]>([
    [{ brand: 'two\nlines' }, '--brand must be one line'],
    [{ brand: `it's` }, '--brand must be one line without quotes'],
    [{ product: 'x'.repeat(81) }, '--product must have 80 characters at most'],
    [{ docs: 'docs.example.com' }, '--docs must be an https URL'],
    [{ docs: "https://docs.example/a'#b" }, '--docs must be an https URL'],
    [{ docs: 'https://docs.example/$HOME' }, '--docs must be an https URL'],
    [{ docs: 'https://docs.example/\nREQUIRE_AUTH=false' }, '--docs must be an https URL'],
    [{ issuer: "https://login.example/it's" }, '--issuer must be an https URL'],
    [{ answers: 'mcp', 'answers-url': "https://x.example/'" }, '--answers-url must be an https URL'],
    [{ color: 'blue' }, '--color must be #rrggbb'],
    [{ url: 'https://docs.example.com/mcp' }, '--url must be an origin'],
    [{ provider: 'facebook' }, '--provider must be one of oidc, auth0'],
    [{ provider: 'auth0', issuer: 'example.auth0.com' }, 'such as https://example.auth0.com/'],
    [{ provider: 'google', issuer: 'https://other.example' }, '--issuer does not go with --provider google'],
    [{ provider: 'entra', tenant: 'contoso.example' }, '--tenant must be the id of a tenant'],
    [{ tenant: 'any' }, '--tenant does not go with --provider oidc'],
    [{ 'client-id': 'a b' }, '--client-id must have letters'],
    [{ answers: 'chatbot' }, '--answers must be one of kapa, mcp, local'],
    [{ answers: 'local', 'answers-url': 'https://x.example' }, '--answers-url does not go with --answers local'],
    [{ answers: 'mcp', 'answers-url': 'ftp://x' }, '--answers-url must be an https URL'],
    [{ store: 'redis' }, '--store must be one of blobs, postgres'],
    [{ deploy: 'heroku' }, '--deploy must be one of netlify, container'],
    [{ deploy: 'container', store: 'blobs' }, '--store must be postgres'],
  ])('%o: %s', async (flags, problem) => {
    await expect(completeAnswers(flags)).rejects.toThrow(WrongAnswer)
    await expect(completeAnswers(flags)).rejects.toThrow(problem)
  })

  test('every usual answer is right', async () => {
    for (const { name, choices } of questions) {
      for (const choice of Object.keys(choices ?? {})) await completeAnswers({ [name]: choice })
    }
  })
})

describe('a new site', () => {
  test('has short functions, whose configuration is that of the package, word for word', async () => {
    const texts = await functionTexts()
    const files = await made()
    expect(Object.keys(texts).sort()).toEqual(['about', 'account', 'maintenance', 'mcp', 'oauth', 'usage'])
    for (const [name, text] of Object.entries(texts)) {
      const file = files[`netlify/functions/${name}.ts`] ?? ''
      expect(file).toContain(`from 'mcp-oauth-broker/netlify/${name}'`)
      expect(file).not.toMatch(/lib\/|tests\//)
      expect(file.slice(file.indexOf('export const config'))).toBe(text.slice(text.indexOf('export const config')))
    }
  })

  test.each<Partial<Answers>>([
    {},
    { provider: 'google', store: 'postgres', answers: 'kapa', 'answers-url': 'https://x.mcp.kapa.ai' },
    { provider: 'okta', issuer: 'https://x.okta.com', answers: 'mcp', 'answers-url': 'https://x.example/mcp' },
  ])('has a secret in the file that git ignores, and in no other: %o', async (flags) => {
    const { '.env': env = '', ...committed } = await made(flags)
    const { MCP_OAUTH_SECRET: secret = '' } = parseEnv(env)
    keepSecret(secret)
    expect(parseSecret(secret)).not.toBeNull()
    expect(Object.entries(committed).filter(([, text]) => text.includes(secret))).toEqual([])
    const example = parseEnv(committed['.env.example'] ?? '')
    for (const name of ['MCP_OAUTH_SECRET', 'KAPA_API_KEY', 'MCP_PROVIDER_SECRET_DEFAULT'])
      expect(example[name]).toBe('')
    expect(committed['.gitignore']?.split('\n')).toContain('.env')
  })

  test('has its answers as settings', async () => {
    const flags = { brand: 'Looms & Co', provider: 'okta', issuer: 'https://looms.okta.com', 'client-id': 'abc' }
    const { '.env.example': text = '' } = await made({ ...flags, docs: 'https://docs.example', store: 'postgres' })
    const settings = parseEnv(text)
    expect(settings).toMatchObject({
      MCP_BRAND_NAME: 'Looms & Co',
      MCP_PRODUCT_NAME: 'Looms & Co documentation',
      MCP_DOCS_URL: 'https://docs.example',
      STORE_BACKEND: 'postgres',
    })
    expect(JSON.parse(settings.MCP_PROVIDERS ?? '')).toEqual([
      {
        name: 'default',
        preset: 'okta',
        issuer: 'https://looms.okta.com',
        client_id: 'abc',
        client_secret_variable: 'MCP_PROVIDER_SECRET_DEFAULT',
      },
    ])
  })
})

test.each(Object.keys(questions.find(({ name }) => name === 'provider')?.choices ?? {}))(
  'the service finds nothing wrong with the settings of a site with the provider %s, once their secrets are there',
  async (provider) => {
    const settings: Partial<Answers>[] = [
      {},
      { deploy: 'container' },
      { answers: 'kapa', 'answers-url': 'https://x.example' },
    ]
    for (const more of settings) {
      const { '.env': env = '' } = await made({ provider, url: 'https://docs-mcp.example', ...more })
      const read = parseEnv(env)
      keepSecret(read.MCP_OAUTH_SECRET)
      const secrets = {
        MCP_PROVIDER_SECRET_DEFAULT: 'secret-of-the-provider',
        KAPA_API_KEY: 'key',
        DATABASE_URL: 'postgres://broker@localhost/broker',
        ...(!read.KAPA_MCP_SERVER_URL && { KAPA_MCP_SERVER_URL: 'https://x.example' }),
        STORE_BACKEND: 'postgres',
      }
      const site = { issuer: 'https://docs-mcp.example', storeName: 's', production: true }
      expect(await reviewSettings({ ...read, ...secrets }, site)).toEqual({ closed: '', problems: '', unread: '' })
    }
  },
)

test('a site in a container has an image and PostgreSQL, and nothing of Netlify', async () => {
  const files = await made({ deploy: 'container' })
  expect(files.Dockerfile).toContain('node_modules/mcp-oauth-broker/container')
  expect(parseEnv(files['.env.example'] ?? '')).toMatchObject({ STORE_BACKEND: 'postgres', DATABASE_URL: '' })
  expect(files['.dockerignore']?.split('\n')).toContain('.env')
  expect(Object.keys(files).filter((path) => path.includes('netlify'))).toEqual([])
  expect(files['README.md']).not.toMatch(/netlify/i)
  keepSecret(parseEnv(files['.env'] ?? '').MCP_OAUTH_SECRET)
})

describe('the folder', () => {
  const site = async (folder: string) => createSite(folder, await completeAnswers({}), { version: '1.2.3' })

  test('gets the files, and only the user may read the secret', async () => {
    const folder = newFolder()
    const files = await site(folder)
    expect(files).toContain('netlify/functions/oauth.ts')
    expect(JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')).dependencies).toEqual({
      'mcp-oauth-broker': '^1.2.3',
    })
    expect((await stat(join(folder, '.env'))).mode & 0o077).toBe(0)
  })

  test('must be empty or new, and keeps what is in it', async () => {
    const folder = newFolder()
    await mkdir(folder)
    await writeFile(join(folder, 'notes.txt'), 'mine')
    await expect(site(folder)).rejects.toThrow('is not empty')
    expect(await readdir(folder)).toEqual(['notes.txt'])
    await expect(site(join(folder, 'notes.txt'))).rejects.toThrow('is a file')
  })
})
