import {
  fromJsonSchema,
  type JsonSchemaType,
  type JsonSchemaValidator,
  type jsonSchemaValidator,
  type StandardSchemaWithJSON,
} from '@modelcontextprotocol/server'
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/server/validators/ajv'

/** Loading Ajv and compiling a schema costs 7 ms of a cold start, and only a tool call needs it. */
const compilingOnFirstUse: jsonSchemaValidator = {
  getValidator<T>(schema: JsonSchemaType): JsonSchemaValidator<T> {
    let check: JsonSchemaValidator<T> | undefined
    return (input) => {
      check ??= new AjvJsonSchemaValidator().getValidator<T>(schema)
      return check(input)
    }
  },
}

/** A tool's input as JSON Schema: listed as it is, and checked by Ajv before the tool runs. `T` is what it describes. */
export function inputSchema<T>(schema: JsonSchemaType): StandardSchemaWithJSON<T, T> {
  return fromJsonSchema<T>(schema, compilingOnFirstUse)
}
