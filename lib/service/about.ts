import { withDeadline } from '../base/deadline.ts'
import { copyScript, copyScriptPath } from '../guide/copy-script.ts'
import { frontPage } from '../guide/front.ts'
import { llmsText } from '../guide/llms.ts'
import { guideMarkdown } from '../guide/markdown.ts'
import { eventStreamType, namesType, preferredType } from '../mcp/accept.ts'
import {
  catalog,
  catalogType,
  earlierServerCard,
  type ServerDescription,
  serverCard,
  serverCardType,
  serverInformation,
} from '../mcp/server-card.ts'
import { skillsPath } from '../mcp/skills/path.ts'
import { aboutPaths, paths, withSlash } from '../oauth/capabilities.ts'
import { corsHeaders, json, preflight } from '../oauth/http/json-answers.ts'
import { htmlResponse } from '../pages/html-response.ts'
import type { Configuration } from '../settings/configuration.ts'
import { mcpPaths } from '../settings/docs-resource.ts'
import type { Site } from '../settings/site.ts'
import { describeTools } from '../settings/tools.ts'
import { createReadiness } from '../store/readiness.ts'
import { storesOf } from './both-stores.ts'
import { guideInput } from './guide.ts'
import { identity } from './identity.ts'
import { log } from './log.ts'
import { publicBytes, publicDocument } from './public-document.ts'

/** Milliseconds for a proof of the store. Monitors wait about ten seconds. */
const deadline = 5000

/** Seconds for which a proof holds. No caller can make the service write more often. */
const readinessInterval = 10

/** Where models look for what to read. */
const llmsPath = '/llms.txt'

const allow = 'GET, HEAD, OPTIONS'
const cached = { 'cache-control': 'public, max-age=3600' }

type Answer = (request: Request) => Promise<Response> | Response

/**
 * Composes what the service says about itself: the front page, `/health`, `/health/ready` and the documents that describe
 * this server. All of it is public, and the same for every caller.
 */
export async function composeAbout(configuration: Configuration, site: Site) {
  const { issuer, resource, brand, documentationUrl, mcp, signIn } = configuration
  const server: ServerDescription = {
    ...identity,
    productName: brand.productName,
    issuer,
    resource,
    resourceMetadataUrl: issuer + mcpPaths.protectedResourceMetadataOfMcp,
    documentationUrl,
    supportUrl: brand.supportUrl,
    scopes: configuration.scopesOffered,
    requireAuth: mcp.requireAuth,
    skills: configuration.tools.skillsFolder !== undefined,
  }
  const { front: frontPath, health, readiness: readinessPath } = aboutPaths
  const links = {
    server_card: issuer + aboutPaths.serverCard,
    authorization_server_metadata: issuer + paths.authorizationServerMetadata,
    health: issuer + aboutPaths.health,
  }
  const tools = describeTools(configuration.tools, brand)
  const guide = await guideInput(configuration, tools)
  const llms = llmsText(guide, {
    guide: issuer + frontPath,
    serverCard: links.server_card,
    authorizationServer: links.authorization_server_metadata,
  })
  const readiness = createReadiness({
    stores: () => storesOf(site),
    now: Date.now,
    goodFor: readinessInterval * 1000,
    onFault: (reason) => log('not_ready', { reason }),
  })
  /** The answer to MCP messages at the address of the site: users often leave out the path. */
  const notMcp = () => {
    const message = `The MCP server is at ${resource}, not at this address: give your client ${resource}.`
    const error = { code: -32000, message, data: { mcp_server_url: resource, documentation_url: documentationUrl } }
    return json({ jsonrpc: '2.0', id: null, error }, 405, { allow })
  }
  const documents: readonly (readonly [path: string, body: object, type: string])[] = [
    [aboutPaths.serverCard, serverCard(server), serverCardType],
    [aboutPaths.earlierServerCard, earlierServerCard(server), 'application/json'],
    [aboutPaths.catalog, catalog(server, issuer + aboutPaths.serverCard), catalogType],
  ]
  const answers = new Map<string, Answer>([
    [health, () => json({ status: 'ok', oauth: signIn !== null })],
    [
      readinessPath,
      async () => {
        // The log says which setting is wrong. A caller must not learn that.
        if (configuration.outOfService.size > 0) return notReady('configuration')
        const fault = await withDeadline(deadline, readiness)
        return fault === null ? json({ status: 'ready' }) : notReady(fault)
      },
    ],
    [frontPath, (request) => front(request)],
    [copyScriptPath, () => text(copyScript, 'text/javascript')],
    [llmsPath, () => text(llms, 'text/plain')],
    ...documents.flatMap(([path, body, type]) => {
      const answer = publicDocument(body, { ...cached, 'content-type': type })
      return [path, withSlash(path)].map((at) => [at, answer] as const)
    }),
  ])
  return {
    async fetch(request: Request): Promise<Response> {
      const { pathname } = new URL(request.url)
      const answer = answers.get(pathname) ?? (pathname.startsWith(skillsPath) ? await skillAt(pathname) : undefined)
      const isFront = pathname === frontPath
      if (!answer) return json({ error: 'not_found' }, 404)
      if (request.method === 'GET' || request.method === 'HEAD') {
        return isFront && namesType(request.headers, eventStreamType) ? notMcp() : answer(request)
      }
      // The page of a web client that sends MCP here must be able to read that it should not.
      if (request.method === 'OPTIONS') return preflight(isFront ? `${allow}, POST, DELETE` : allow)
      if (isFront) return notMcp()
      return new Response(null, { status: 405, headers: { ...corsHeaders, allow } })
    },
  }

  /** The code and the files of the skills are loaded when they are asked for. */
  async function skillAt(path: string): Promise<Answer | undefined> {
    if (tools.skillsFolder === undefined) return undefined
    const [{ loadSkills }, { wellKnownSkill }] = await Promise.all([
      import('./skills.ts'),
      import('../mcp/skills/well-known.ts'),
    ])
    const found = wellKnownSkill(await loadSkills(), path)
    if (found?.kind !== 'artifact') return found && publicDocument(found.body, cached)
    return (request) => publicBytes(request, found, { ...cached, 'content-type': found.mimeType })
  }

  function front(request: Request): Response {
    const response = frontFor(request)
    response.headers.set('vary', 'Accept')
    return response
  }

  /** Browsers, readers of Markdown and programs differ in what they prefer in `Accept`. */
  function frontFor(request: Request): Response {
    const type = preferredType(request.headers)
    if (type === 'text/html') return htmlResponse(frontPage(guide), { status: 200 })
    if (type !== 'text/markdown' && type !== 'text/plain') return json(serverInformation(server, links), 200, cached)
    return new Response(guideMarkdown(guide), {
      headers: { ...corsHeaders, ...cached, 'content-type': `${type}; charset=utf-8` },
    })
  }
}

const text = (body: string, type: string) =>
  new Response(body, {
    headers: {
      ...corsHeaders,
      ...cached,
      'content-type': `${type}; charset=utf-8`,
      'x-content-type-options': 'nosniff',
    },
  })

function notReady(reason: string): Response {
  return json({ status: 'not ready', reason }, 503, { 'retry-after': String(readinessInterval) })
}
