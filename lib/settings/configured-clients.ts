import type { Client } from '../oauth/clients/client.ts'
import { type ConfiguredClientPolicy, parseConfiguredClients } from '../oauth/clients/parse-configured-clients.ts'
import type { SettingsReader } from './reader.ts'

/** Reads the clients that the operator registered in the settings. */
export function readConfiguredClients(settings: SettingsReader, policy: ConfiguredClientPolicy): readonly Client[] {
  const value = settings.read('MCP_OAUTH_CLIENTS')
  const { clients, complaints } = parseConfiguredClients(value ? value.json : [], policy)
  for (const complaint of complaints) settings.complain('MCP_OAUTH_CLIENTS', complaint)
  return clients
}
