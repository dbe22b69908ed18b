import { accountPaths } from '../../oauth/capabilities.ts'
import type { Range } from '../../people/reports/reports.ts'

/** The ranges that pages offer, in days. */
export const ranges = [1, 7, 30, 90] as const
const usualRange: Range = { days: 30 }

const admin = accountPaths.admin
export const adminPaths = {
  overview: admin,
  new: `${admin}/new`,
  companies: `${admin}/companies`,
  people: `${admin}/people`,
  clients: `${admin}/clients`,
  blocked: `${admin}/blocked`,
  machines: `${admin}/machines`,
  tenants: `${admin}/tenants`,
  tools: `${admin}/tools`,
  signIns: `${admin}/sign-ins`,
  trace: `${admin}/trace`,
  webhooks: `${admin}/webhooks`,
  audit: `${admin}/audit`,
  exports: `${admin}/exports`,
  exportParts: `${admin}/exports/parts`,
  search: `${admin}/search`,
} as const

/** The range that an address names. */
export function rangeOf(url: URL): Range {
  const days = Number(url.searchParams.get('days'))
  const found = ranges.find((one) => one === days)
  return found === undefined ? usualRange : { days: found }
}

/** A parameter of an address, trimmed and cut to a length that a search may have. Absent if it is empty. */
export function textIn(parameters: { get(name: string): string | null | undefined }, name: string): string | undefined {
  const text = parameters.get(name)?.trim().slice(0, 256)
  return text === '' ? undefined : text
}

/** Makes a link to one of our pages. Parameters that are undefined are left out. */
export function pathWith(path: string, parameters: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(parameters).flatMap(([name, value]) => (value === undefined ? [] : [[name, `${value}`]]))
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`
}
