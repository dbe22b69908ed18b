import type { Config, Context } from '@netlify/functions'
import { serveUsage } from '../../lib/netlify/serve-usage.ts'

/** Rolls up usage, and sends what waits for the CRM. Scheduled, resumable, harmless when called by anyone. */
export default (request: Request, context: Context): Promise<Response> => serveUsage(request, context)

// Literals only: Netlify reads this statically and silently drops what it cannot read. tests/flows/manifest.test.ts checks the result.
export const config: Config = {
  schedule: '*/10 * * * *',
}
