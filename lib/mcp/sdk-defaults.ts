/**
 * What the MCP SDK takes for its defaults on Node, but with the other JSON Schema validator that it ships: Ajv is a
 * quarter of the bundle and 7 ms of a cold start, and the SDK makes one for each server, that is, for each request.
 * The build puts this in the place of the SDK's own choice (`dev/build/build.ts`).
 */
export { default as process } from 'node:process'
export { CfWorkerJsonSchemaValidator as DefaultJsonSchemaValidator } from '@modelcontextprotocol/server/validators/cf-worker'
