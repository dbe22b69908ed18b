import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { examplePage, pageFor } from '../dev/reader-page/page.ts'
import { repository } from '../dev/repository.ts'
import { temporaryFolder } from '../dev/temporary-folder.ts'

/** The text below a heading, up to the next one of its level or above. */
function part(page: string, heading: string): string {
  const [, hashes = '', text = ''] = new RegExp(`^(#+) ${heading}\\n(.*)`, 'ms').exec(page) ?? []
  return text.split(new RegExp(`^#{1,${hashes.length}} `, 'm'))[0] ?? ''
}

const headings = (page: string) => [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading)

/** The contents of the fenced blocks of a language. */
const blocks = (page: string, language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)\\n\`\`\`$`, 'gms'))].map(([, text = '']) => text)

describe('docs/connecting.md', () => {
  const page = readFileSync(join(repository, 'docs/connecting.md'), 'utf8')

  test('is up to date; if not, run npm run reader-page and commit the page [B8-18]', async () => {
    expect(page).toBe(await examplePage())
  })

  test('has the figures of the default settings [B8-18]', () => {
    for (const figure of [
      '60 questions in 15 minutes',
      '30 days',
      '180 days',
      'https://docs.example.com/mcp',
      'every hour',
    ]) {
      expect(page).toContain(figure)
    }
  })

  test('links to a page for each client, and the page of a deployment to none of them', async () => {
    const links = (text: string) => [...text.matchAll(/\(clients\/([\w-]+\.md)\b/g)].map(([, file]) => file)
    expect(links(page)).toEqual(
      expect.arrayContaining(['README.md', 'codex.md', 'mcp-remote.md', 'others.md', 'zed.md']),
    )
    expect(links(await pageFor({}))).toEqual([])
  })
})

describe('the guide', () => {
  test('has everything that readers need, in the order in which they need it [F-000-82]', async () => {
    const page = await pageFor({})
    expect(headings(page)).toEqual([
      'Redpanda documentation for AI clients',
      'Connect',
      'What you can ask',
      'Sign in',
      'Set up your client',
      ...['Claude Code', 'Cursor', 'VS Code', 'ChatGPT', 'Claude Desktop and Claude on the web', 'Other clients'],
      'Staying signed in',
      'Feedback',
      'How much you may ask',
      'Troubleshooting',
      ...['The server does not connect', 'VS Code', 'Answers and what they mean', 'Pages in the browser'],
      'Sign out, and have your data deleted',
    ])
    expect(page).not.toMatch(/undefined|null\b|\[object|NaN/)
  })

  test('says before the sign-in what is shared with whom, and where to sign up [F-000-65 F-000-66]', async () => {
    const page = await pageFor({})
    const signIn = part(page, 'Sign in')
    expect(part(page, 'Connect')).toContain('There is no key to copy.')
    expect(signIn).toContain('[Sign up](https://cloud.redpanda.com/sign-up)')
    expect(signIn).toContain('[privacy policy](https://www.redpanda.com/legal/privacy-policy)')
    for (const what of ['email address and organization', 'Kapa answers your questions', 'for analytics', 'bump.sh']) {
      expect(signIn).toContain(what)
    }
    // Questions go to another company. This page cannot promise what that company does with them.
    expect(signIn).not.toMatch(/(?:not|never|nor) (?:store|keep|save|record)/i)
  })

  test('has the address, the names and the times of the deployment', async () => {
    const page = await pageFor({
      MCP_OAUTH_ISSUER: 'https://mcp.example.org',
      MCP_BRAND_NAME: 'Example & Sons',
      MCP_PRODUCT_NAME: 'Example handbook',
      MCP_PROVIDER_NAME: 'Example Login',
      MCP_ANSWER_SERVICE: 'Oracle',
      MCP_OAUTH_SIGNUP_URL: 'https://example.org/join',
      MCP_OAUTH_PRIVACY_URL: 'https://example.org/privacy',
      MCP_SUPPORT_URL: 'https://example.org/help',
      MCP_DOCS_URL: 'https://example.org/handbook',
      MCP_OAUTH_ACCESS_TTL: '5400',
      MCP_OAUTH_REFRESH_TTL: '604800',
      MCP_TOOL_NAME: 'ask_example',
      MCP_TOOL_DESCRIPTION: 'Answers | from\nthe handbook. For models only.',
      REQUIRE_AUTH: 'true',
    })
    expect(page).not.toMatch(/redpanda|docs\.example\.com|Kapa/i)
    expect(page).toContain('`claude mcp logout example-sons`')
    expect(page).toContain('[documentation](https://example.org/handbook)')
    expect(part(page, 'Staying signed in')).toMatch(/every 90 minutes .* for 7 days, and after 180 days/)
    expect(part(page, 'What you can ask')).toContain('| `ask_example` | Answers \\| from the handbook. | yes |')
    expect(part(page, 'Sign out, and have your data deleted')).toContain('[Example & Sons](https://example.org/help)')
    const entries = blocks(page, 'json').map((text) => JSON.parse(text))
    const url = 'https://mcp.example.org/mcp'
    expect(entries).toEqual([
      { mcpServers: { 'example-sons': { url } } },
      { servers: { 'example-sons': { type: 'http', url } } },
      { mcpServers: { 'example-sons': { command: 'npx', args: ['-y', 'mcp-remote', url] } } },
    ])
    expect(blocks(page, 'sh')[0]).toBe(
      `claude mcp add --scope user --transport http example-sons ${url}\nclaude mcp login example-sons`,
    )
  })

  test('describes nothing that the settings rule out', async () => {
    const page = await pageFor({
      MCP_API_HUB_URL: 'off',
      MCP_FEEDBACK_FORM_PATH: 'off',
      MCP_USER_LIMIT: '0',
      MCP_ANONYMOUS_LIMIT: '0',
      REQUIRE_AUTH: 'true',
    })
    expect(headings(page)).not.toContain('Feedback')
    expect(headings(page)).not.toContain('Without an MCP client')
    expect(page).not.toMatch(/api_reference|submit_documentation_feedback|bump\.sh|without signing in/)
    expect(blocks(page, 'http')).toEqual([])
    expect(part(page, 'How much you may ask')).toMatch(/^\nKapa has limits of its own/)
  })

  test('says for each tool whether it requires a sign-in', async () => {
    const open = part(await pageFor({ MCP_PUBLIC_TOOLS: 'search_api_reference' }), 'What you can ask')
    const closed = part(await pageFor({ REQUIRE_AUTH: 'true' }), 'What you can ask')
    const need = (page: string, tool: string) => new RegExp(`\`${tool}\` \\|.*\\| (.*) \\|$`, 'm').exec(page)?.[1]
    expect(need(open, 'ask_redpanda_question')).toBe('optional')
    expect(need(open, 'search_api_reference')).toBe('no')
    expect(need(open, 'submit_documentation_feedback')).toBe('yes')
    expect(need(closed, 'ask_redpanda_question')).toBe('yes')
    expect(need(closed, 'auth_status')).toBe('no')
    expect(need(closed, 'whoami')).toBe('yes')
  })

  test('says that personal addresses are fine, or with REQUIRE_WORK_EMAIL twice that they are not [F-000-84]', async () => {
    const [personal, work] = [await pageFor({}), await pageFor({ REQUIRE_WORK_EMAIL: 'true' })]
    expect(part(personal, 'Sign in')).toContain('A personal email address is fine.')
    expect(personal).not.toContain('work_email_required')
    expect(part(work, 'Sign in')).toContain('Use your work email address')
    expect(part(work, 'Answers and what they mean')).toContain('403 `work_email_required`')
    expect(work).not.toMatch(/personal (?:email )?address/)
  })

  test('shows the refusal as the server sends it, with the limits of the deployment', async () => {
    const page = await pageFor({ MCP_USER_LIMIT: '7', MCP_ANONYMOUS_LIMIT: '3', MCP_LIMIT_WINDOW_SEC: '120' })
    const usage = part(page, 'How much you may ask')
    expect(usage).toContain('7 questions in 2 minutes for each person')
    expect(usage).toContain('3 questions in 2 minutes, shared by everyone at your network address')
    const [answer = ''] = blocks(usage, 'http')
    const [head = '', body = ''] = answer.split('\n\n')
    expect(head).toMatch(/^HTTP\/2 429\n/)
    for (const field of ['ratelimit-limit: 7', 'ratelimit-policy: "user";q=7;w=120', 'retry-after: 60']) {
      expect(head.split('\n')).toContain(field)
    }
    expect(JSON.parse(body).error.data).toMatchObject({ error: 'rate_limited', limit: 7, retry_after: 60 })
  })

  test('lists what the documentation site offers without an MCP client', async () => {
    const exports = ['https://docs.example.com/llms-full.txt']
    const both = part(await pageFor({}, { site: { exports, markdownPages: true } }), 'Without an MCP client')
    expect(both).toContain('- https://docs.example.com/llms-full.txt')
    expect(both).toContain('put `.md` after its address')
    const one = part(await pageFor({}, { site: { exports: [], markdownPages: true } }), 'Without an MCP client')
    expect(one).not.toContain('as a whole')
  })
})

describe('npm run reader-page', () => {
  test('prints the guide for the settings in a file, without their secrets', async () => {
    const folder = temporaryFolder()
    const file = join(folder.path, 'settings')
    const settings = ['MCP_PRODUCT_NAME="Example handbook"', 'KAPA_API_KEY=kept-to-ourselves', 'MCP_OAUTH_SECRET=']
    await writeFile(file, settings.join('\n'))
    const cli = join(repository, 'dev/reader-page/cli.ts')
    const { stdout } = await promisify(execFile)(process.execPath, [cli, 'reader-page', '--env', file])
    await folder.remove()
    expect(stdout).toMatch(/^# Example handbook for AI clients\n/)
    expect(stdout).not.toContain('kept-to-ourselves')
  })

  test('names the settings that are wrong, without their values', async () => {
    const settings = { MCP_OAUTH_ACCESS_TTL: 'soon', MCP_TOOL_NAME: 'two words' }
    await expect(pageFor(settings)).rejects.toThrow(
      /^Settings: MCP_OAUTH_ACCESS_TTL must be [^;]*; MCP_TOOL_NAME must be [^;]*\.$/,
    )
    await expect(pageFor(settings)).rejects.not.toThrow(/soon|two words/)
  })
})
