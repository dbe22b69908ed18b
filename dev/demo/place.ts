import { join } from 'node:path'
import * as v from 'valibot'
import { paths } from '../../lib/oauth/capabilities.ts'
import { localSite } from '../blobs/emulator.ts'
import { repository } from '../build/build.ts'
import { parsePort, portsFrom } from '../start/ports.ts'
import { findRunning } from '../start/running.ts'
import type { World } from '../start/world.ts'

/** A local world as somebody outside of it sees it: where its parts answer. */
export interface Place {
  readonly url: string
  readonly mcpUrl: string
  readonly kapaUrl: string
  readonly crmUrl: string
  /** What the Blobs client takes. */
  readonly blobs: {
    readonly siteID: string
    readonly token: string
    readonly edgeURL: string
    readonly uncachedEdgeURL: string
  }
}

export function placeOf({ url, mcpUrl, kapa, crm, emulator }: Omit<World, 'stop'>): Place {
  return { url, mcpUrl, kapaUrl: kapa.url, crmUrl: crm.url, blobs: emulator.clientOptions() }
}

/** Milliseconds for a world to say that it is one. */
const patience = 2000

/**
 * The world that `npm start` keeps running from this working copy, or null. It is ours if the note of the process that
 * owns `.local/` says so, and then only if the service and the Blobs emulator both answer as ours do.
 *
 * @param port the value of `PORT`: where it is set, a world on any other port is not the one meant
 * @throws CannotStart if `port` is not a port
 */
export async function findPlace(port: string | undefined): Promise<Place | null> {
  const running = await findRunning(join(repository, '.local'))
  if (running === null || (port !== undefined && parsePort(port) !== running.port)) return null
  const ports = portsFrom(running.port)
  const url = `http://localhost:${running.port}`
  const place: Place = {
    url,
    mcpUrl: `${url}/mcp`,
    kapaUrl: `http://localhost:${ports.kapa}/`,
    crmUrl: `http://localhost:${ports.crm}/`,
    blobs: {
      ...localSite,
      edgeURL: `http://127.0.0.1:${ports.edge}`,
      uncachedEdgeURL: `http://127.0.0.1:${ports.uncached}`,
    },
  }
  return (await isOurs(place)) ? place : null
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
