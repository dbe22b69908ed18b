import * as v from 'valibot'

const when = v.optional(v.picklist(['before', 'after']), 'before')
const match = {
  /** `LIST` and `DELETE_ALL` are a GET and a DELETE without a key. Every method if left out. */
  method: v.optional(v.picklist(['GET', 'HEAD', 'PUT', 'DELETE', 'LIST', 'DELETE_ALL'])),
  /** A regular expression on the key (on the prefix, for `LIST`). Every key if left out. */
  key: v.optional(v.pipe(v.string(), v.maxLength(600), v.check(isRegularExpression, 'not a regular expression'))),
  /** How many requests it strikes; every one until the faults are cleared, if left out. */
  count: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
}

/**
 * What goes wrong, `before` or `after` the request has taken effect. `status`: this status, and no ETag. `drop`: the
 * connection is closed without an answer. `hang`: no answer ever. `slow`: the true answer's head, then its body in drops.
 */
export const faultSchema = v.variant('action', [
  v.strictObject({
    ...match,
    action: v.literal('status'),
    status: v.pipe(v.number(), v.integer(), v.minValue(200), v.maxValue(599)),
    when,
  }),
  v.strictObject({ ...match, action: v.literal('drop'), when }),
  v.strictObject({ ...match, action: v.literal('hang'), when }),
  v.strictObject({ ...match, action: v.literal('slow') }),
])

export type FaultInput = v.InferInput<typeof faultSchema>
export type Fault = v.InferOutput<typeof faultSchema>

export interface Faults {
  /** @throws ValiError if the fault is not well formed */
  add(fault: unknown): void
  /** The first fault that this request strikes, counted as used. */
  take(method: string, key: string): Fault | undefined
  clear(): void
}

export function createFaults(): Faults {
  let armed: { readonly fault: Fault; readonly key: RegExp; left: number }[] = []
  return {
    add(input) {
      const fault = v.parse(faultSchema, input)
      armed.push({ fault, key: new RegExp(fault.key ?? ''), left: fault.count ?? Number.POSITIVE_INFINITY })
    },
    take(method, key) {
      const hit = armed.find((one) => (one.fault.method ?? method) === method && one.key.test(key))
      if (hit === undefined) return undefined
      hit.left -= 1
      if (hit.left === 0) armed = armed.filter((one) => one !== hit)
      return hit.fault
    },
    clear() {
      armed = []
    },
  }
}

function isRegularExpression(text: string): boolean {
  try {
    new RegExp(text)
    return true
  } catch {
    return false
  }
}
