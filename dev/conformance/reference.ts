/** How many requirements each group has, numbered from 1 without a gap. */
const requirements = { D: 25, A: 21, C: 15, T: 32, R: 15, M: 19, S: 26, F: 13, O: 16, P: 4, E: 9, W: 6, K: 1, Y: 3 }

/** Advisories against similar servers: `A1` …. `A-01` is a requirement for the authorization endpoint. */
const advisories = 32

/** Defects found in the implementation that this one replaces: `B8-1` …. */
const defects = 19

/** Conditions of the security review: `N1` …. */
const conditions = 34

/** How many features each source asks for: `F-000-01` …. */
const features = { '000': 91, '001': 30, '002': 22, '003': 20, '004': 24 }

/** The numbers from 1 to `count`. */
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

const twoDigits = (prefix: string, count: number) =>
  upTo(count).map((number) => `${prefix}-${String(number).padStart(2, '0')}`)

/** Every id that must have a row. */
export const referenceIds: readonly string[] = [
  ...Object.entries(requirements).flatMap(([group, count]) => twoDigits(group, count)),
  ...upTo(advisories).map((number) => `A${number}`),
  ...upTo(defects).map((number) => `B8-${number}`),
  ...upTo(conditions).map((number) => `N${number}`),
  ...Object.entries(features).flatMap(([text, count]) => twoDigits(`F-${text}`, count)),
]
