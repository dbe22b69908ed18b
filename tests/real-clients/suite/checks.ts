import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { type NotApplicable, nothingChecked } from './not-applicable.ts'

/** One line of a scenario's `checks.json`. The marks that the suite prints are not reliable. */
export interface Check {
  readonly scenario: string
  readonly id: string
  readonly status: string
  readonly message: string
}

/** The check of every scenario that each message follows the schema. It is never excused. */
const formOfMessages = 'wire-schema-valid'

const checksFile = v.array(
  v.object({
    id: v.string(),
    status: v.string(),
    errorMessage: v.optional(v.string(), ''),
    details: v.optional(v.looseObject({ note: v.optional(v.string(), '') }), { note: '' }),
  }),
)

/** The status of a check that the suite skipped because the server says that it does not offer the feature. */
const notOffered = 'NOT OFFERED'
const saysSo = /^Server (?:advertises no|did not declare) .*\b(?:capability|listChanged)\b/

/** Reads everything that a run has written below its `-o` folder. */
export async function readChecks(folder: string, kind: 'server' | 'authorization-server'): Promise<readonly Check[]> {
  const names = await readdir(folder)
  const all = await Promise.all(
    names.map(async (name) => {
      const scenario = name.slice(kind.length + 1).replace(/-\d{4}-\d\d-\d\dT.*$/, '')
      const found = v.parse(checksFile, JSON.parse(await readFile(join(folder, name, 'checks.json'), 'utf8')))
      const checks = found.map(({ id, status, errorMessage: message, details: { note } }) => {
        const leftOut = status === 'SKIPPED' && saysSo.test(note)
        return { scenario, id, status: leftOut ? notOffered : status, message }
      })
      // The suite passes a scenario without checks, which must not count.
      const isIdle = checks.every(({ id, status }) => status !== 'SUCCESS' || id === formOfMessages)
      return isIdle ? [...checks, { scenario, id: nothingChecked, status: 'SKIPPED', message: '' }] : checks
    }),
  )
  return all.flat()
}

const passed = ({ status }: Check) => ['SUCCESS', 'INFO', notOffered].includes(status)

const excuses = ({ scenarios, checks }: NotApplicable, { scenario, id }: Check) =>
  scenarios.includes(scenario) && id !== formOfMessages && (checks === undefined || checks.includes(id))

/** Checks that did not pass and are not listed: failures, warnings and skipped checks. */
export function unexpected(checks: readonly Check[], list: readonly NotApplicable[]): readonly string[] {
  return checks
    .filter((check) => !passed(check) && !list.some((entry) => excuses(entry, check)))
    .map(({ scenario, id, status, message }) => `${scenario}: ${id} ${status} ${message}`.trim())
}

/** Listed checks that pass in every run, or that no suite has. */
export function stale(checks: readonly Check[], list: readonly NotApplicable[]): readonly string[] {
  const open = checks.filter((check) => !passed(check))
  return list.flatMap((entry) =>
    entry.scenarios.flatMap((scenario) =>
      (entry.checks ?? [undefined])
        .filter((id) => {
          const isThis = (check: Check) => check.scenario === scenario && (id === undefined || check.id === id)
          return !open.some((check) => isThis(check) && excuses(entry, check))
        })
        .map((id) => `${[scenario, id].filter(Boolean).join(': ')} is listed as not applicable, and passes`),
    ),
  )
}
