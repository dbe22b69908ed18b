import { isSecureOrigin } from '../../lib/settings/urls.ts'
import { Explained } from '../explained.ts'
import { type Proxies, readProxies } from './proxies.ts'

/** What a container needs to know beside the settings of the service. */
export interface ServeSettings {
  readonly port: number
  readonly issuer: string
  readonly proxies: Proxies
  /** Seconds for which a container that is about to stop still accepts requests, until its balancer sends it none. */
  readonly delay: number
  /** Whether the scheduled functions run in this container. */
  readonly scheduled: boolean
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads the settings of the container from its environment.
 *
 * @throws Explained that names everything that is wrong
 */
export function readServeSettings(env: Environment): ServeSettings {
  const problems: string[] = []
  const read = (name: string, otherwise: string) => env[name]?.trim() || otherwise
  const number = (name: string, otherwise: number, most: number) => {
    const text = read(name, String(otherwise))
    if (!/^\d{1,5}$/.test(text) || Number(text) > most) problems.push(`${name} must be a whole number up to ${most}`)
    return Number(text)
  }
  const issuer = read('MCP_OAUTH_ISSUER', '')
  if (!isSecureOrigin(issuer)) problems.push('MCP_OAUTH_ISSUER must be the https origin that clients see')
  if (read('STORE_BACKEND', '') !== 'postgres')
    problems.push('STORE_BACKEND must be postgres: Netlify Blobs exist on Netlify only')
  const scheduled = read('RUN_SCHEDULED', 'true')
  if (scheduled !== 'true' && scheduled !== 'false') problems.push('RUN_SCHEDULED must be true or false')
  const settings: ServeSettings = {
    port: number('PORT', 8080, 65_535),
    issuer,
    proxies: proxiesOf(read('TRUSTED_PROXIES', ''), problems),
    delay: number('SHUTDOWN_DELAY', 5, 300),
    scheduled: scheduled === 'true',
  }
  if (problems.length > 0) throw new Explained(`The container cannot start. ${problems.join('. ')}.`)
  return settings
}

function proxiesOf(list: string, problems: string[]): Proxies {
  try {
    return readProxies(list)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    problems.push(`TRUSTED_PROXIES must be a list of addresses and ranges; ${error.message} is neither`)
    return readProxies('')
  }
}
