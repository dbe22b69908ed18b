import { type McpSettings, readMcp } from './mcp.ts'
import { readObservability } from './observability.ts'
import * as rare from './rare.ts'
import { createSettingsReader, type Environment, type Problem } from './reader.ts'
import { closed, readShared, type SignInConfiguration } from './sign-in-configuration.ts'
import type { Site } from './site.ts'
import { readStore, type StoreSettings } from './store.ts'
import { table, unreadNames } from './table.ts'
import { readToolChoices, type ToolChoices } from './tool-choices.ts'

/** All settings, read and checked once per instance. */
export interface Configuration extends SignInConfiguration {
  /** Who may call `/mcp`, and what its tools do. Usable only where `mcp` is in service. */
  readonly mcp: McpSettings
  readonly tools: ToolChoices
  readonly store: StoreSettings
}

/** Reads every setting. */
export function readConfiguration(env: Environment, site: Site): Configuration {
  const settings = createSettingsReader(env, table)
  const shared = readShared(settings, site, rare)
  const store = readStore(settings)
  const { brand } = shared.configuration
  const mcp = readMcp(settings, shared)
  // Read here for the problems: telemetry reads its settings when it is loaded.
  readObservability(settings)
  const tools = readToolChoices(settings, { ...shared, brand, siteUrl: site.issuer })
  return { ...closed(settings, shared), mcp, tools, store }
}

/** What is wrong with the settings, as the log tells it. Never a value. */
export interface Review {
  /** The services that are out of service. */
  readonly closed: string
  /** Empty: nothing is wrong. */
  readonly problems: string
  /** Names that look like settings of this service but are not. */
  readonly unread: string
}

/** Reviews every setting, so that every function reports the same problems. */
export function reviewSettings(env: Environment, site: Site): Review {
  const { problems, outOfService } = readConfiguration(env, site)
  return { closed: [...outOfService].join(', '), problems: textOf(problems), unread: unreadNames(env).join(', ') }
}

/** The problems as one text, for the log and the terminal. */
export const textOf = (problems: readonly Problem[]) => problems.map(({ text }) => text).join('; ')
