import { createHash } from 'node:crypto'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { personSignsIn } from '../../dev/browser/person.ts'
import { createWatchedBrowser } from '../../dev/worlds/secrets.ts'
import { newAddress } from '../support/oauth-client.ts'
import { createPinnedKey } from '../support/pinned-key.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { type MetadataHost, startMetadataHost } from './metadata-host.ts'
import type { ToolAnswer, ToolArguments, ToolDescription, UseOptions } from './tool-answer.ts'

/** A client of a published SDK with the SDK's OAuth code. */
export interface SdkClient {
  /** @throws the SDK's own error if it is not signed in */
  connect(): Promise<void>
  /** Whether the error of `connect` asks for a sign-in. */
  asksForSignIn(error: unknown): boolean
  authorizationUrl(): URL | undefined
  /** The `state` of the authorization request. */
  readonly state: string
  /** Takes the authorization response, as the application at the redirect URI would. */
  finishAuth(answer: URL): Promise<void>
  protocolVersion(): string | undefined
  listTools(): Promise<readonly string[]>
  /** Lists the tools. From then on the client checks results against their output schemas. */
  describeTools(): Promise<readonly ToolDescription[]>
  /** The texts of the answer to a question. */
  callTool(name: string, question: string): Promise<readonly string[]>
  use(name: string, args: ToolArguments, options?: UseOptions): Promise<ToolAnswer>
  clientId(): string | undefined
  accessToken(): string
  refreshToken(): string
  /** Replaces the access token that the client stores. */
  replaceAccessToken(token: string): void
  /** Forgets the tokens, as when the user chooses to sign in again. */
  forgetTokens(): void
  close(): Promise<void>
}

export interface SdkClientOptions {
  readonly mcpUrl: URL
  readonly clientMetadataUrl: string | undefined
  /** Used for every request of the SDK. */
  readonly fetch: typeof fetch
}

export interface SdkVersion {
  /** The revision of the protocol. */
  readonly version: string
  readonly create: (options: SdkClientOptions) => SdkClient
}

const key = createPinnedKey()
/** Milliseconds for work after an answer. A test waits that long only if it fails. */
const patience = 10_000

const toolName = 'ask_redpanda_question'

/** Defines the tests of an SDK, for each way to get a client_id and each revision that it supports. */
export function tellsTheWholeStory(versions: readonly SdkVersion[]): void {
  let metadataHost: MetadataHost
  let stack: Stack

  beforeAll(async () => {
    metadataHost = await startMetadataHost()
    stack = await startStack({ settings: { ...metadataHost.settings, ...key.settings } })
  })
  afterAll(async () => {
    await stack.stop()
    await metadataHost.stop()
  })

  const registrations = ['DCR', 'CIMD'] as const
  const cases = registrations.flatMap((registration) => versions.map((version) => ({ registration, ...version })))

  describe.each(cases)('by $registration, with revision $version', ({ registration, version, create }) => {
    const email = newAddress()
    const organization = `Readers of ${version} by ${registration}`
    const requests: string[] = []
    let client: SdkClient

    /** The requests of the SDK since the last call. */
    const taken = () => requests.splice(0)

    beforeAll(() => {
      client = create({
        mcpUrl: new URL(stack.mcpUrl),
        clientMetadataUrl: registration === 'CIMD' ? metadataHost.clientId : undefined,
        fetch: async (input, init) => {
          const response = await fetch(input, init)
          const url = new URL(input instanceof Request ? input.url : input)
          requests.push(`${init?.method ?? 'GET'} ${url.pathname} ${response.status}`)
          return response
        },
      })
    })
    afterAll(() => client.close())

    test('without a token it discovers where to sign in, and sends the user there', async () => {
      const refused = await client.connect().catch((error: unknown) => error)
      expect(client.asksForSignIn(refused), String(refused)).toBe(true)
      expect(taken()).toEqual([
        'POST /mcp 401',
        'GET /.well-known/oauth-protected-resource/mcp 200',
        'GET /.well-known/oauth-authorization-server 200',
        ...(registration === 'DCR' ? ['POST /oauth/register 201'] : []),
      ])
      const { origin, pathname, searchParams } = client.authorizationUrl() ?? new URL('about:blank')
      expect(origin + pathname).toBe(`${stack.url}/oauth/authorize`)
      expect(Object.fromEntries(searchParams)).toMatchObject({
        client_id: client.clientId(),
        code_challenge_method: 'S256',
        resource: stack.mcpUrl,
        scope: 'docs:read docs:feedback',
      })
      if (registration === 'CIMD') expect(client.clientId()).toBe(metadataHost.clientId)
    })

    test('the user signs in, and the client exchanges the code', async () => {
      const authorizationUrl = client.authorizationUrl()
      if (!authorizationUrl) throw new Error('nobody was sent anywhere')
      const browser = createWatchedBrowser()
      const answer = await personSignsIn({ authorizationUrl, email, organization, browser })
      expect([answer.searchParams.get('iss'), answer.searchParams.get('state')]).toEqual([stack.url, client.state])
      await client.finishAuth(answer)
      expect(taken()).toEqual(['POST /oauth/token 200'])
      if (registration === 'CIMD') expect(metadataHost.fetched()).toBe(1)
    })

    test('the sign-in is recorded: the user, the connection, the CRM', async () => {
      const { sub } = decodeJwt(client.accessToken())
      const id = createHash('sha256')
        .update(client.clientId() ?? '')
        .digest('base64url')
      const stored = (key: string) => JSON.parse(stack.emulator.inspect('mcp-oauth-broker', key)?.body ?? '{}').value
      const host = registration === 'CIMD' ? new URL(metadataHost.origin).host : null
      await vi.waitFor(() => {
        expect(stored(`users/${sub}`)).toMatchObject({
          sealed: expect.any(String),
          domain: 'example.com',
          emailVerified: true,
          organization: { name: organization },
        })
        expect(stored(`connections/${sub}/${id}`)).toMatchObject({
          client: { name: expect.stringMatching(/^SDK client/), host },
        })
        expect(stack.crm.received().map(({ body }) => body)).toContainEqual(
          expect.objectContaining({
            email,
            sub,
            domain: 'example.com',
            organization: expect.objectContaining({ name: organization }),
          }),
        )
      }, patience)
    })

    async function ask(question: string): Promise<void> {
      const answer = await client.callTool(toolName, question)
      expect(stack.kapa.calls().at(-1)).toMatchObject({ query: question, user: { email, company_name: organization } })
      expect(answer.length).toBeGreaterThan(0)
      for (const text of answer) {
        const { source_url, content } = JSON.parse(text)
        const document = await fetch(source_url)
        expect(source_url).toMatch(/\/documents\/(README\.md|docs\/[\w/-]+\.md)/)
        const [longestLine] = content.split('\n').sort((one: string, other: string) => other.length - one.length)
        expect(await document.text()).toContain(longestLine)
      }
    }

    test('connects, lists the tools, and gets an answer that cites the documentation of this project', async () => {
      await client.connect()
      expect(client.protocolVersion()).toBe(version)
      expect(await client.listTools()).toContain(toolName)
      await ask('How does a refresh token stay usable when the answer to a refresh was lost?')
      expect(taken()).not.toContain('POST /mcp 401')
    })

    test('refreshes an expired access token by itself, and repeats its question', async () => {
      const before = { access: client.accessToken(), refresh: client.refreshToken() }
      const { iat = 0 } = decodeJwt(before.access)
      client.replaceAccessToken(await key.resign(before.access, { claims: { iat: iat - 7200, exp: iat - 3600 } }))
      await ask('Where are the records of people kept?')
      expect(taken()).toEqual(['POST /mcp 401', 'POST /oauth/token 200', 'POST /mcp 200'])
      expect(client.accessToken()).not.toBe(before.access)
      expect(client.refreshToken()).not.toBe(before.refresh)
    })
  })
}
