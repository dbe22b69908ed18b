import { fromJsonSchema, type JsonSchemaType, type StandardSchemaWithJSON } from '@modelcontextprotocol/server'
import { CfWorkerJsonSchemaValidator } from '@modelcontextprotocol/server/validators/cf-worker'

const validator = new CfWorkerJsonSchemaValidator()

/** A tool's input as JSON Schema: listed as it is, and checked before the tool runs. `T` is what it describes. */
export function inputSchema<T>(schema: JsonSchemaType): StandardSchemaWithJSON<T, T> {
  return fromJsonSchema<T>(schema, validator)
}
