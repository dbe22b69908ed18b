import { newSecret } from '../lib/runtime/secrets.ts'

/** `npm run secret`: a value for MCP_OAUTH_SECRET. */
console.log(newSecret())
