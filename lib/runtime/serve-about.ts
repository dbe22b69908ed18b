import { withDeadline } from '../deadline.ts'
import { firstAccepted } from '../mcp/reader.ts'
import {
  earlierServerCard,
  type ServerDescription,
  serverCard,
  serverCardType,
  serverInformation,
} from '../mcp/server-card.ts'
import { aboutPaths, paths } from '../oauth/capabilities.ts'
import { frontPage, htmlResponse, readerPage } from '../oauth/pages/index.ts'
import { corsHeaders, json, preflight } from '../oauth/respond-json.ts'
import { createReadiness } from '../store/readiness.ts'
import { readTools } from './configuration/tools.ts'
import type { Configuration } from './configuration.ts'
import { identity } from './identity.ts'
import { log } from './log.ts'
import { readerPageInput } from './reader-page.ts'
import { serveWith } from './serve.ts'
import type { Site } from './site.ts'
import { storeOf } from './store.ts'

/** Milliseconds for a proof of the store: monitors wait about ten seconds. */
const deadline = 5000

/** Seconds for which readiness is not looked at anew: nobody can make us write more often than that. */
const readinessInterval = 10

const allow = 'GET, HEAD, OPTIONS'
const cached = { 'cache-control': 'public, max-age=3600' }

type Answer = (request: Request) => Promise<Response> | Response
type About = ReadonlyMap<string, Answer>

/** The `about` function. Everything in it is public, and the same for everybody. */
export const serveAbout = serveWith(compose, async (about: About, request) => {
  const answer = about.get(new URL(request.url).pathname)
  if (!answer) return json({ error: 'not_found' }, 404)
  if (request.method === 'GET' || request.method === 'HEAD') return answer(request)
  if (request.method === 'OPTIONS') return preflight(allow)
  return new Response(null, { status: 405, headers: { ...corsHeaders, allow } })
})

async function compose(configuration: Configuration, site: Site): Promise<About> {
  const { issuer, resource, brand, documentationUrl, mcp, flow } = configuration
  const server: ServerDescription = {
    ...identity,
    productName: brand.productName,
    issuer,
    resource,
    resourceMetadataUrl: issuer + paths.protectedResourceMetadataOfMcp,
    documentationUrl,
    supportUrl: brand.supportUrl,
    scopes: configuration.scopesOffered,
    requireAuth: mcp.requireAuth,
  }
  const links = {
    server_card: issuer + aboutPaths.serverCard,
    authorization_server_metadata: issuer + paths.authorizationServerMetadata,
    health: issuer + aboutPaths.health,
  }
  const tools = readTools(process.env, brand, issuer)
  const guide = await readerPageInput(configuration, tools)
  const card = { ...cached, 'content-type': serverCardType }
  const readiness = createReadiness({
    store: storeOf(site),
    now: Date.now,
    goodFor: readinessInterval * 1000,
    onFault: (reason) => log('not_ready', { reason }),
  })
  return new Map<string, Answer>([
    [aboutPaths.health, () => json({ status: 'ok', oauth: flow !== null })],
    [
      aboutPaths.readiness,
      async () => {
        // What is wrong with it is in the log, which strangers do not read.
        if (!flow || tools.problems.length > 0) return notReady('configuration')
        const fault = await withDeadline(deadline, readiness)
        return fault === null ? json({ status: 'ready' }) : notReady(fault)
      },
    ],
    [aboutPaths.serverCard, () => json(serverCard(server), 200, card)],
    [aboutPaths.earlierServerCard, () => json(earlierServerCard(server), 200, cached)],
    [aboutPaths.front, (request) => front(request)],
  ])

  function front(request: Request): Response {
    const response = frontFor(request)
    response.headers.set('vary', 'Accept')
    return response
  }

  /** What comes first in `Accept` tells people, readers of Markdown and programs apart. */
  function frontFor(request: Request): Response {
    const first = firstAccepted(request.headers)
    if (first === 'text/html') return htmlResponse(frontPage(guide), { status: 200 })
    if (first !== 'text/markdown' && first !== 'text/plain') return json(serverInformation(server, links), 200, cached)
    return new Response(readerPage(guide), {
      headers: { ...corsHeaders, ...cached, 'content-type': `${first}; charset=utf-8` },
    })
  }
}

function notReady(reason: string): Response {
  return json({ status: 'not ready', reason }, 503, { 'retry-after': String(readinessInterval) })
}
