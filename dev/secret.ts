import { newSecret } from '../lib/settings/secrets.ts'
import { readOptions } from './options.ts'

/** `npm run secret` prints a new value for MCP_OAUTH_SECRET. */
readOptions('npm run secret\n\nPrints a new value for MCP_OAUTH_SECRET. npm run -s secret prints only the value.', {})
console.log(newSecret())
