import { isObject, jsonOf } from '../base/json.ts'
import { normalDomain } from '../base/mail-domain.ts'
import type { CallPlan } from '../people/plans.ts'
import { mostInWindow, type Reading } from './forms.ts'

/** Characters. The environment has to hold every other setting too. */
const longest = 16_384

/**
 * Reads `MCP_PLANS` and names each wrong plan by its position. If one plan is wrong, none holds: a plan that lowers a limit
 * must not be lost while a plan that raises one holds.
 */
export function parsePlans(text: string): Reading<readonly CallPlan[]> {
  const refuse = (...complaints: string[]) => ({ value: [], complaints })
  if (text.length > longest) return refuse(` must be no longer than ${longest} characters`)
  const given = jsonOf(text)
  if (given === undefined) return refuse(' is not JSON')
  if (!isObject(given)) return refuse(' must be a JSON object of plans')
  const parsed = Object.entries(given).map(([name, plan]) => parsePlan(name, plan))
  const complaints = parsed.flatMap((plan, index) => (typeof plan === 'string' ? [`[${index}] ${plan}`] : []))
  const plans = parsed.filter((plan) => typeof plan !== 'string')
  if (hasTwice(plans.map(({ organizations }) => organizations))) complaints.push(' names an organization in two plans')
  if (hasTwice(plans.map(({ domains }) => domains))) complaints.push(' names a domain in two plans')
  return complaints.length > 0 ? refuse(...complaints) : { value: plans, complaints }
}

/** Returns the plan, or what is wrong with it. Repeats nothing of the value. */
function parsePlan(name: string, given: unknown): CallPlan | string {
  // The headers use these two names for the limits without a plan.
  if (name === '' || name.length > 64 || name === 'user' || name === 'address') {
    return 'must have a name of up to 64 characters that is not user or address'
  }
  if (!isObject(given)) return 'must be an object'
  const { limit, organizations: ids = [], domains: names = [], ...others } = given
  const organizations = listOf(ids, (id) => (/^[\x21-\x7E]{1,200}$/.test(id) ? id : null))
  const domains = listOf(names, normalDomain)
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 0 || limit > mostInWindow) {
    return `must have a limit from 0 to ${mostInWindow}`
  }
  if (!organizations) return 'must have organizations as a list of identifiers'
  if (!domains) return 'must have domains as a list of names, without @ and *'
  if (Object.keys(others).length > 0) return 'has a member other than limit, organizations and domains'
  if (organizations.size + domains.size === 0) return 'must name an organization or a domain'
  // RFC 9651 §3.3.3: other names would need an escape, or could not be in a header at all.
  const policy = /^[ !#-[\]-~]+$/.test(name) ? name : 'user'
  return { policy, limit: limit === 0 ? undefined : limit, organizations, domains }
}

/** Returns the values that `read` understands; `null` unless it is a list of such texts. */
function listOf(given: unknown, read: (text: string) => string | null): ReadonlySet<string> | null {
  const values = Array.isArray(given) ? given.map((text) => (typeof text === 'string' ? read(text) : null)) : [null]
  return values.includes(null) ? null : new Set(values.filter((value) => value !== null))
}

function hasTwice(sets: readonly ReadonlySet<string>[]): boolean {
  const all = sets.flatMap((set) => [...set])
  return new Set(all).size < all.length
}
