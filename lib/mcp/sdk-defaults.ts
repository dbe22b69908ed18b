/**
 * Replaces the MCP SDK's defaults on Node: the same, but with the other JSON Schema validator that the SDK ships. Ajv takes a
 * quarter of the bundle and 7 ms of a cold start, and the SDK makes one for each request. The build puts this file in the
 * place of the SDK's own (`dev/build/build.ts`).
 */
export { default as process } from 'node:process'
export { CfWorkerJsonSchemaValidator as DefaultJsonSchemaValidator } from '@modelcontextprotocol/server/validators/cf-worker'
