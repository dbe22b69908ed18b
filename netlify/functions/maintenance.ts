import type { Config, Context } from '@netlify/functions'
import { serveMaintenance } from '../../lib/netlify/serve-maintenance.ts'

/** Removes what has expired. Scheduled, resumable, harmless when called by anyone. */
export default (request: Request, context: Context): Promise<Response> => serveMaintenance(request, context)

// Literals only: Netlify reads this statically and silently drops what it cannot read. tests/flows/manifest.test.ts checks the result.
export const config: Config = {
  schedule: '17 * * * *',
}
