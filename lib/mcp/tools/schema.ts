import { fromJsonSchema, type JsonSchemaType } from '@modelcontextprotocol/server'
import { CfWorkerJsonSchemaValidator } from '@modelcontextprotocol/server/validators/cf-worker'

const validator = new CfWorkerJsonSchemaValidator()

/** A JSON Schema that describes a `T`. */
export function jsonSchema<T>(schema: JsonSchemaType) {
  const checked = fromJsonSchema<T>(schema, validator)
  return {
    checked,
    /** Checks a value. `problem` says what is wrong, for the model. */
    async check(value: unknown): Promise<{ value: T; problem?: never } | { problem: string }> {
      const result = await checked['~standard'].validate(value)
      if (result.issues === undefined) return { value: result.value }
      return {
        problem: `The tool does not accept these arguments: ${result.issues.map(({ message }) => message).join('; ')}`,
      }
    },
  }
}

/** The parameters of `tools/list`, which has only one page. */
export const listParameters = jsonSchema({ type: 'object', properties: { cursor: { type: 'string' } } }).checked
