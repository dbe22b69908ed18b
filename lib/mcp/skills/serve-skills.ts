import { type McpServer, ProtocolError, ProtocolErrorCode, ResourceNotFoundError } from '@modelcontextprotocol/server'
import { jsonSchema } from '../tools/schema.ts'
import type { Skills } from './skills.ts'

/** A deploy never changes, and the next one has other digests. */
const cacheHints = { ttlMs: 3_600_000, cacheScope: 'public' } as const

/** The first revision whose results say how long they may be kept. */
const revisionWithHints = '2026-07-28'

const paged = jsonSchema<{ readonly cursor?: string }>({
  type: 'object',
  properties: { cursor: { type: 'string' } },
}).checked

const addressed = jsonSchema<{ readonly uri: string; readonly cursor?: string }>({
  type: 'object',
  properties: { uri: { type: 'string' }, cursor: { type: 'string' } },
  required: ['uri'],
}).checked

/**
 * Serves skills as resources with digests (SEP-2640). Addresses are looked up as they are, in what the build has read: nothing
 * that a client sends becomes the path of a file.
 */
export function serveSkills({ server }: McpServer, { listed, skills, directories, files }: Skills): void {
  const hinted = <T extends object>(result: T) =>
    (server.getNegotiatedProtocolVersion() ?? '') >= revisionWithHints ? { ...result, ...cacheHints } : result
  const known = <T>(of: Readonly<Record<string, T>>, uri: string) => (Object.hasOwn(of, uri) ? of[uri] : undefined)

  server.setRequestHandler('skills/list', { params: paged }, ({ cursor }) => {
    onePage(cursor)
    return hinted({ skills })
  })
  server.setRequestHandler('skills/get', { params: addressed }, ({ uri }) => {
    const skill = skills.find((one) => one.uri === uri)
    if (!skill) throw invalid('There is no skill at this address')
    return hinted({ skill })
  })
  server.setRequestHandler('resources/directory/read', { params: addressed }, ({ uri, cursor }) => {
    const resources = known(directories, uri)
    if (!resources) throw invalid('There is no directory at this address')
    onePage(cursor)
    return hinted({ resources })
  })
  server.setRequestHandler('resources/list', { params: paged }, ({ cursor }) => {
    onePage(cursor)
    return hinted({ resources: listed })
  })
  server.setRequestHandler('resources/templates/list', { params: paged }, ({ cursor }) => {
    onePage(cursor)
    return hinted({ resourceTemplates: [{ name: 'skills', uriTemplate: 'skill://{+path}' }] })
  })
  server.setRequestHandler('resources/read', { params: addressed }, ({ uri }) => {
    const content = known(files, uri)
    if (!content) throw new ResourceNotFoundError(uri)
    return hinted({ contents: [{ uri, ...content }] })
  })
}

/** Every list has one page, so that any cursor is a foreign one. */
function onePage(cursor: string | undefined): void {
  if (cursor !== undefined) throw invalid('Unknown cursor')
}

const invalid = (message: string) => new ProtocolError(ProtocolErrorCode.InvalidParams, message)
