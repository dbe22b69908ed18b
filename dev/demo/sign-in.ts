import { UnauthorizedError } from '@modelcontextprotocol/client'
import { decodeJwt } from 'jose'
import { paths } from '../../lib/oauth/capabilities.ts'
import { mcpPaths } from '../../lib/settings/docs-resource.ts'
import { type PersonSignsIn, personSignsIn } from '../browser/person.ts'
import type { Recorder } from './recorder.ts'
import { at, type Scene, transportFor } from './scene.ts'
import { check, step } from './step.ts'

/** Connects the client without a token. The client's own OAuth code does the rest, up to the point where it needs the user. */
export async function discover(scene: Scene): Promise<void> {
  const { recorder, memory, client, listing } = scene
  const refused = await client.connect(transportFor(scene)).catch((error: unknown) => error)
  const exchanges = recorder.take()
  await step('Connecting without a token', async () => {
    const [first] = exchanges.filter(at(mcpPaths.mcp))
    if (first === undefined) throw refused ?? new Error('the client sent no request')
    check(first.status === 401, `/mcp answered ${first.status}, not 401`)
    const challenge = first.response.headers.get('www-authenticate') ?? ''
    check(
      challenge.includes(mcpPaths.protectedResourceMetadataOfMcp),
      'the challenge does not name the resource metadata',
    )
    listing.step('Connects without a token', [first], '401, with the address of the metadata')
  })
  await step('Discovery', async () => {
    const documents = exchanges.filter(at(mcpPaths.protectedResourceMetadataOfMcp, paths.authorizationServerMetadata))
    const read = documents.filter(({ status }) => status === 200)
    check(read.length === 2, `the client read ${read.length} metadata documents, not 2`)
    listing.step('Discovers the authorization server', documents, 'reads the metadata of the resource and the server')
  })
  await step('Registration', async () => {
    const registering = exchanges.filter(at(paths.register))
    const id = memory.registration()?.client_id
    if (!(refused instanceof UnauthorizedError)) throw refused
    check(registering.length === 1 && id !== undefined, 'the client did not register')
    listing.step('Registers itself', registering, `the client_id, ${id.length} characters, is the registration`)
  })
}

/** Takes the user through every page, with one line for each. The client then has tokens that allow what it requested. */
export async function signIn(scene: Scene): Promise<void> {
  const { recorder, person, listing } = scene
  const pages = {
    'consent page': ['Consent page', 'says who asks and what is shared'],
    approval: ['Continue', 'sets a cookie for this sign-in, opens the provider'],
    'OpenID Provider': ['OpenID Provider', `the user signs in as ${person.email}`],
  } as const
  const answer = await step('Signing in', () =>
    goThroughPages(scene, (page) => {
      if (page === 'callback') return
      const [name, detail] = pages[page]
      const exchanges = recorder.take()
      // A provider that fails also sends the user back. The next step reports that.
      const to = exchanges.at(-1)?.response.headers.get('location') ?? ''
      if (URL.parse(to)?.searchParams.has('error')) return
      listing.step(name, exchanges, detail)
    }),
  )
  await step('Authorization response', async () => {
    checkResponse(scene, answer)
    listing.step('Back with an identity', recorder.take(), 'sends the browser to the client, with a code')
  })
  await step('Code exchange', async () => {
    await redeemCode(scene, answer)
    const exchanges = recorder.take().filter(at(paths.token))
    listing.step('Code for tokens', exchanges, 'creates the grant, and reads whether the user was ended')
  })
}

/**
 * Takes the user through the same pages once more, in one line, because the client needs more than the user has allowed.
 *
 * @param scope the scope that the new token must have
 */
export async function stepUp(scene: Scene, scope: string): Promise<void> {
  await step('Stepping up', async () => {
    const answer = await goThroughPages(scene)
    checkResponse(scene, answer)
    const allowed = await redeemCode(scene, answer)
    check(allowed === scope, `the new token allows ${allowed}, not ${scope}`)
    scene.listing.step('Steps up', scene.recorder.take(), `the user is asked once more, and allows ${allowed}`)
  })
}

/** @returns the authorization response: the address to which the browser is sent */
async function goThroughPages(scene: Scene, onStep?: PersonSignsIn['onStep']): Promise<URL> {
  const { recorder, memory, person } = scene
  const authorizationUrl = memory.authorizationUrl()
  check(authorizationUrl !== undefined, 'the client opened no page for the user')
  const pages = { authorizationUrl, ...person, browser: recorder.browser, ...(onStep && { onStep }) }
  return personSignsIn(pages).catch(async (error: unknown) => {
    throw (await refusal(recorder)) ?? error
  })
}

function checkResponse({ place, memory }: Scene, answer: URL): void {
  const error = answer.searchParams.get('error')
  check(error === null, `the client received the error ${error}`)
  check(answer.href.startsWith(String(memory.redirectUrl)), 'the user was not sent back to the client')
  check(answer.searchParams.get('state') === memory.sentState(), 'the state is not the one that the client sent')
  check(answer.searchParams.get('iss') === place.url, 'the response does not name its issuer')
}

/** @returns the scope of the access token */
async function redeemCode(scene: Scene, answer: URL): Promise<unknown> {
  await transportFor(scene).finishAuth(answer.searchParams)
  const { access_token: accessToken, refresh_token: refreshToken, issuer } = scene.memory.currentTokens() ?? {}
  check(accessToken !== undefined && refreshToken !== undefined, 'the client has no pair of tokens')
  check(issuer === scene.place.url, 'the tokens are from another issuer')
  const { email, scope } = decodeJwt(accessToken)
  check(email === scene.person.email, 'the token names another user')
  return scope
}

/** Returns the error of the last page; undefined if it was not an error. */
async function refusal(recorder: Recorder): Promise<Error | undefined> {
  const last = recorder.take().at(-1)
  if (last === undefined || last.status < 400) return undefined
  const [, code] = /Error <code>([^<]*)<\/code>/.exec(await last.response.text()) ?? []
  const { origin, pathname } = last.url
  return new Error(`${origin}${pathname} answered ${last.status}${code === undefined ? '' : ` (${code})`}`)
}
