import * as v from 'valibot'

const when = v.optional(v.picklist(['before', 'after']), 'before')
const match = {
  /** `LIST` and `DELETE_ALL` are a GET and a DELETE without a key. Every method if left out. */
  method: v.optional(v.picklist(['GET', 'HEAD', 'PUT', 'DELETE', 'LIST', 'DELETE_ALL'])),
  /** A regular expression on the key (on the prefix, for `LIST`). Every key if left out. */
  key: v.optional(v.pipe(v.string(), v.maxLength(600), v.check(isRegularExpression, 'not a regular expression'))),
  /** How many requests it strikes; every one until the faults are cleared, if left out. */
  count: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  /** Rests for so many requests that it would have struck, and then strikes `count` of them, again and again. */
  every: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
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
  /** How many requests were struck until now. */
  struck(): number
}

export function createFaults(): Faults {
  let struck = 0
  let armed: { readonly fault: Fault; readonly key: RegExp; left: number; rest: number }[] = []
  return {
    add(input) {
      const fault = v.parse(faultSchema, input)
      const left = fault.count ?? Number.POSITIVE_INFINITY
      armed.push({ fault, key: new RegExp(fault.key ?? ''), left, rest: fault.every ?? 0 })
    },
    take(method, key) {
      const hit = armed.find((one) => {
        if ((one.fault.method ?? method) !== method || !one.key.test(key)) return false
        if (one.rest === 0) return true
        one.rest -= 1
        return false
      })
      if (hit === undefined) return undefined
      struck += 1
      hit.left -= 1
      if (hit.left === 0) {
        if (hit.fault.every === undefined) armed = armed.filter((one) => one !== hit)
        else Object.assign(hit, { left: hit.fault.count, rest: hit.fault.every })
      }
      return hit.fault
    },
    clear() {
      armed = []
    },
    struck: () => struck,
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
