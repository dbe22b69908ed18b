/**
 * Replaces the MCP SDK's defaults on Node. Its validator of JSON Schemas takes a quarter of the bundle and 7 ms of a cold start, and
 * the SDK makes one for each request. The build puts this file in the place of the SDK's own (`dev/build/bundle.ts`).
 */
export { default as process } from 'node:process'

/** The SDK validates with it what users answer when a server asks them. This server never does; `tools/schema.ts` checks tools. */
export class DefaultJsonSchemaValidator {
  getValidator(): never {
    throw new Error('this server asks users nothing through their client')
  }
}
