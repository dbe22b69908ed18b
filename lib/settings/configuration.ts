import type { ReadListed } from './listed.ts'
import * as rare from './rare.ts'
import type { Environment } from './reader.ts'
import type { Site } from './site.ts'
import { type Configuration, type ReadRoles, readWhole } from './whole.ts'

export { type Configuration, textOf } from './whole.ts'

/** Reads every setting, with the code for all of them. `readAll` reads the roles, too: every function that lets people in uses it. */
export const readConfiguration = (
  env: Environment,
  site: Site,
  readRoles?: ReadRoles,
  readListed?: ReadListed,
): Configuration => readWhole(env, site, rare, readRoles, readListed)
