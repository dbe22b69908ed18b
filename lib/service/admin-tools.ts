import { sha256 } from '../base/sha256.ts'
import { usageTools } from '../mcp/tools/admin/usage.ts'
import type { Tool } from '../mcp/tools/tool.ts'
import { createSealing } from '../oauth/keys/sealing.ts'
import type { Configuration } from '../settings/configuration.ts'
import type { SignInSettings } from '../settings/sign-in.ts'
import type { Site } from '../settings/site.ts'
import { composeAudit } from './audit.ts'
import { reportsOf } from './reports.ts'
import { storeOf } from './store.ts'

/** Composes the tools for admins. Load this file when an admin asks for them: it brings the reports. */
export function adminToolsOf(configuration: Configuration, signIn: SignInSettings, site: Site): readonly Tool[] {
  const sealing = createSealing(configuration.issuer, signIn.secrets)
  const audit = composeAudit(configuration, storeOf(site))
  return usageTools({
    reports: () => reportsOf(configuration, signIn, { site, sealing }),
    audit: ({ sub, clientId, grant }, tool, { days }, signal) =>
      audit.record(
        { action: 'admin-tool', actor: sub, client: sha256(clientId), grant, detail: `${tool}, ${days} days` },
        signal,
      ),
  })
}
