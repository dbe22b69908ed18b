import { fromJsonSchema, type JsonSchemaType, type StandardSchemaWithJSON } from '@modelcontextprotocol/server'
import { CfWorkerJsonSchemaValidator } from '@modelcontextprotocol/server/validators/cf-worker'

const validator = new CfWorkerJsonSchemaValidator()

export interface JsonSchema<T> {
  readonly checked: StandardSchemaWithJSON
  /** Checks a value. `problem` says what is wrong, for the model. */
  check(value: unknown): Promise<{ value: T; problem?: never } | { problem: string }>
}

/** A JSON Schema that describes a `T`. */
export function jsonSchema<T>(schema: JsonSchemaType): JsonSchema<T> {
  const checked = fromJsonSchema<T>(schema, validator)
  return {
    checked,
    async check(value) {
      const result = await checked['~standard'].validate(value)
      if (result.issues === undefined) return { value: result.value }
      return {
        problem: `The tool does not accept these arguments: ${result.issues.map(({ message }) => message).join('; ')}`,
      }
    },
  }
}
