import * as v from 'valibot'
import { paths } from '../../lib/oauth/capabilities.ts'
import { localSite } from '../blobs/emulator.ts'
import { localUrl, parsePort, portsFrom } from '../start/ports.ts'
import { findRunning } from '../start/running.ts'
import type { World } from '../start/world.ts'

/** A local world as seen from outside: the addresses of its parts. */
export interface Place {
  readonly url: string
  readonly mcpUrl: string
  readonly kapaUrl: string
  readonly crmUrl: string
  readonly hubUrl: string
  readonly formsUrl: string
  /** The options of the Blobs client. */
  readonly blobs: {
    readonly siteID: string
    readonly token: string
    readonly edgeURL: string
    readonly uncachedEdgeURL: string
  }
}

export function placeOf({ url, mcpUrl, kapa, crm, hub, forms, emulator }: Omit<World, 'stop'>): Place {
  return {
    url,
    mcpUrl,
    kapaUrl: kapa.url,
    crmUrl: crm.url,
    hubUrl: originOf(hub.url),
    formsUrl: originOf(forms.url),
    blobs: emulator.clientOptions(),
  }
}

const originOf = (url: string) => new URL('/', url).href

/** Milliseconds to wait for the answers that identify a world. */
const patience = 2000

/**
 * Finds the world that `npm start` runs, or says in a sentence why the demo cannot use one. The process that owns `state`
 * has left a note. The world is ours if the service and the Blobs emulator at the noted port both answer as ours do.
 *
 * @param port the value of `PORT`. If it is set, the demo uses no world on another port
 * @param state the folder with the world's state
 * @throws CannotStart if `port` is not a port
 */
export async function findPlace(port: string | undefined, state: string): Promise<Place | { readonly reason: string }> {
  const wanted = port?.trim() ? parsePort(port) : undefined
  const running = await findRunning(state)
  if (running === null) return { reason: 'Nothing of this project is running. (npm start starts it.)' }
  const url = localUrl(running.port)
  const what = `npm start (process ${running.pid}) runs at ${url}`
  if (wanted !== undefined && wanted !== running.port) return { reason: `${what}, but PORT is ${wanted}.` }
  if (running.ownParts.length > 0) {
    const own = running.ownParts.join(', ')
    return { reason: `${what}, but your settings replace parts that the demo needs: ${own}.` }
  }
  const ports = portsFrom(running.port)
  const place: Place = {
    url,
    mcpUrl: `${url}/mcp`,
    kapaUrl: `${localUrl(ports.kapa)}/`,
    crmUrl: `${localUrl(ports.crm)}/`,
    hubUrl: `${localUrl(ports.hub)}/`,
    formsUrl: `${localUrl(ports.forms)}/`,
    blobs: {
      ...localSite,
      edgeURL: `http://127.0.0.1:${ports.edge}`,
      uncachedEdgeURL: `http://127.0.0.1:${ports.uncached}`,
    },
  }
  return (await isOurs(place)) ? place : { reason: `${what}, but does not answer there, or not yet.` }
}

const metadata = v.object({ issuer: v.string() })

async function isOurs({ url, blobs }: Place): Promise<boolean> {
  const get = (target: string, headers: Record<string, string>) =>
    fetch(target, { headers, redirect: 'error', signal: AbortSignal.timeout(patience) })
  try {
    const [service, emulator] = await Promise.all([
      get(url + paths.authorizationServerMetadata, {}),
      get(`${blobs.uncachedEdgeURL}/__emulator/operations`, { authorization: `Bearer ${blobs.token}` }),
    ])
    await emulator.body?.cancel()
    return emulator.ok && v.parse(metadata, await service.json()).issuer === url
  } catch {
    return false
  }
}
