import type { Environment } from './reader.ts'
import { hasRareSetting } from './sign-in-configuration.ts'
import type { Site } from './site.ts'
import { type Configuration, type Review, readWhole, textOf } from './whole.ts'

/** Reads every setting, and loads the code for the roles, for rare settings and for `MCP_PROVIDERS` if there are any. */
export async function readAll(env: Environment, site: Site): Promise<Configuration> {
  const rare = hasRareSetting(env) ? await import('./rare.ts') : undefined
  const readRoles = env.MCP_ROLES?.trim() ? (await import('./role-choices.ts')).readRoles : undefined
  const readListed = env.MCP_PROVIDERS?.trim() ? (await import('./listed.ts')).readListed : undefined
  return readWhole(env, site, rare, readRoles, readListed)
}

/** Reviews every setting, so that every function reports the same problems. */
export async function reviewSettings(env: Environment, site: Site): Promise<Review> {
  const { problems, outOfService } = await readAll(env, site)
  const { unreadNames } = await import('./table.ts')
  return { closed: [...outOfService].join(', '), problems: textOf(problems), unread: unreadNames(env).join(', ') }
}
