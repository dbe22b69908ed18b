import { maintain } from '../service/maintenance.ts'
import { serveScheduled } from './scheduled.ts'

/** The scheduled `maintenance` function. */
export const serveMaintenance = serveScheduled(maintain)
