import type { SettingName } from '../table.ts'
import { accountPages } from './account.ts'
import { brand } from './brand.ts'
import type { Description } from './description.ts'
import { kept } from './kept.ts'
import { access, apiReference, feedback, kapa, limits } from './mcp.ts'
import { observability } from './observability.ts'
import { roles } from './roles.ts'
import {
  clients,
  companiesAndMachines,
  configuredClients,
  crm,
  introspection,
  lifetimes,
  provider,
  registration,
  secretsAndKeys,
  whereItIs,
} from './sign-in.ts'
import { store } from './store.ts'
import { vault } from './vault.ts'

/** The description of every setting of the table: the type demands that none is missing. */
export const descriptions: Readonly<Record<SettingName, Description>> = {
  ...secretsAndKeys,
  ...provider,
  ...whereItIs,
  ...store,
  ...accountPages,
  ...access,
  ...roles,
  ...vault,
  ...kapa,
  ...apiReference,
  ...feedback,
  ...lifetimes,
  ...clients,
  ...configuredClients,
  ...companiesAndMachines,
  ...registration,
  ...introspection,
  ...limits,
  ...kept,
  ...brand,
  ...crm,
  ...observability,
}

/** The sections of `docs/configuration.md` and `.env.example`, in their order. */
export const sections: Readonly<Record<string, Readonly<Record<string, Description>>>> = {
  'Secrets and keys': secretsAndKeys,
  'The OpenID Provider': provider,
  'Where this service is': whereItIs,
  'Where the data is': store,
  'Account and admin pages': accountPages,
  'Who may ask': access,
  Roles: roles,
  'The vault': vault,
  'Kapa and the tool': kapa,
  'The API reference': apiReference,
  Feedback: feedback,
  'How long things last': lifetimes,
  Clients: clients,
  'Clients that you register yourself': configuredClients,
  'Companies and machines': companiesAndMachines,
  'Who may register, and whom you block': registration,
  'Who may ask about tokens': introspection,
  Limits: limits,
  'How long records are kept': kept,
  'What people read': brand,
  'Who is told about people': crm,
  'Traces, metrics and the log': observability,
}
