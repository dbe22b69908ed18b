import { runUsage } from '../service/usage.ts'
import { serveScheduled } from './scheduled.ts'

/** The scheduled `usage` function. */
export const serveUsage = serveScheduled(runUsage)
