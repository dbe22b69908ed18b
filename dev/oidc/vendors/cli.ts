import { localUrl } from '../../start/ports.ts'
import { startVendor } from './server.ts'
import { type VendorName, vendors } from './vendors.ts'

const secret = 'local-provider-secret'
const isVendor = (name: string): name is VendorName => Object.hasOwn(vendors, name)
const wanted = process.argv.slice(2)
const known = wanted.filter(isVendor)
if (known.length === 0 || known.length < wanted.length) {
  console.error(`Name one or more of: ${Object.keys(vendors).join(', ')}.`)
  process.exit(2)
}

/** Starts stand-ins for providers, and prints the settings that name them to a service of `npm start`. */
const url = localUrl(Number(process.env.PORT ?? 8888))
const servers = await Promise.all(
  known.map((name) => startVendor(name, { clientSecret: secret, redirectUris: [`${url}/mcp/callback/${name}`] })),
)
const list = servers.map(({ vendor, origin, issuer, clientId }) => ({
  name: vendor,
  preset: vendor,
  issuer: ['entra', 'google', 'github'].includes(vendor) ? origin : issuer,
  client_id: clientId,
  client_secret_variable: 'MCP_PROVIDER_SECRET_LOCAL',
  ...(vendor === 'entra' && { organizations: 'any' }),
}))
console.log(`MCP_PROVIDERS='${JSON.stringify(list)}'\nMCP_PROVIDER_SECRET_LOCAL=${secret}`)
console.error('\nPut these lines into .env, and run npm start in another terminal. Ctrl+C ends the stand-ins.')
const stop = () => void Promise.all(servers.map((server) => server.stop())).then(() => process.exit(0))
process.once('SIGINT', stop).once('SIGTERM', stop)
