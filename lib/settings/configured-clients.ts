import type { Client } from '../oauth/clients/client.ts'
import { type ConfiguredClientPolicy, parseConfiguredClients } from '../oauth/clients/parse-configured-clients.ts'
import { privateScope } from './private-scope.ts'
import type { SettingsReader } from './reader.ts'

/** Reads the clients that the operator registered in the settings. */
export function readConfiguredClients(settings: SettingsReader, policy: ConfiguredClientPolicy): readonly Client[] {
  const value = settings.read('MCP_OAUTH_CLIENTS')
  // The scope of tools that act as the user is known, whether or not there is such a tool.
  const known = { ...policy, scopes: [...policy.scopes, privateScope] }
  const { clients, complaints } = parseConfiguredClients(value ? value.json : [], known)
  for (const complaint of complaints) settings.complain('MCP_OAUTH_CLIENTS', complaint)
  return clients
}
