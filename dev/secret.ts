import { newSecret } from '../lib/settings/secrets.ts'
import { readOptions } from './options.ts'

/** `npm run secret`: a value for MCP_OAUTH_SECRET. */
readOptions('npm run secret\n\nPrints a new value for MCP_OAUTH_SECRET; npm run -s secret prints nothing else.', {})
console.log(newSecret())
