import { type Configuration, type Review, readConfiguration, textOf } from './configuration.ts'
import type { Environment } from './reader.ts'
import type { Site } from './site.ts'
import { unreadNames } from './table.ts'

/** Reads every setting, and loads the code for the roles if there are any. */
export async function readAll(env: Environment, site: Site): Promise<Configuration> {
  return env.MCP_ROLES?.trim()
    ? (await import('./role-choices.ts')).readWithRoles(env, site)
    : readConfiguration(env, site)
}

/** Reviews every setting, so that every function reports the same problems. */
export async function reviewSettings(env: Environment, site: Site): Promise<Review> {
  const { problems, outOfService } = await readAll(env, site)
  return { closed: [...outOfService].join(', '), problems: textOf(problems), unread: unreadNames(env).join(', ') }
}
