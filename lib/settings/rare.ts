/** What reads the settings that few sites have. The `oauth` function loads it only for them. */
export { readConfiguredClients } from './configured-clients.ts'
export { rareRows } from './rows/rare.ts'
