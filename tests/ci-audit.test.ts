import { execFile } from 'node:child_process'
import { chmod, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { repository } from '../dev/repository.ts'
import { temporaryFolder } from '../dev/temporary-folder.ts'

/** Runs `.ci/audit` with an `npm` that prints this text. */
async function audit(printed: string) {
  const folder = temporaryFolder()
  onTestFinished(() => folder.remove())
  const npm = join(folder.path, 'npm')
  await writeFile(npm, `#!/bin/sh\ncat <<'END'\n${printed}\nEND\necho 'a warning' >&2\nexit 1\n`)
  await chmod(npm, 0o755)
  const PATH = [folder.path, dirname(process.execPath), process.env.PATH].join(delimiter)
  return new Promise<{ code: unknown; output: string }>((resolve) => {
    execFile(join(repository, '.ci/audit'), { env: { PATH } }, (error, output) =>
      resolve({ code: error?.code ?? 0, output }),
    )
  })
}

const finding = (severity: string) => ({
  vulnerabilities: {
    hono: { name: 'hono', severity, range: '<4.13.20', via: [{ title: 'A hole', url: 'https://example.com/1' }] },
    wrapper: { name: 'wrapper', severity: 'low', range: '*', via: ['hono'] },
  },
})

test.each(['high', 'critical'])('a dependency with a vulnerability of severity %s fails CI', async (severity) => {
  const { code, output } = await audit(JSON.stringify(finding(severity)))
  expect(code).toBe(1)
  expect(output).toContain(`${severity}: hono <4.13.20: A hole https://example.com/1\n`)
  expect(output).toContain('Vulnerabilities in what is deployed: 2, of which 1 high or critical\n')
})

test('a less serious vulnerability is printed and passes', async () => {
  const { code, output } = await audit(JSON.stringify(finding('moderate')))
  expect([code, output]).toEqual([0, expect.stringContaining('moderate: hono')])
})

test.each([
  ['an error of the registry', '{"message":"503 Service Unavailable","error":{"summary":"","detail":""}}'],
  ['no network', '{"error":{"code":"ENOTFOUND","summary":"request failed"}}'],
  ['no JSON', '<html>a proxy</html>'],
  ['nothing', ''],
])('%s: CI says in one line that nothing was checked, and passes', async (_what, printed) => {
  const { code, output } = await audit(printed)
  expect([code, output]).toEqual([0, expect.stringMatching(/^Vulnerabilities: NOT CHECKED, .*\(.+\)\n$/)])
})

test('dependencies without a vulnerability pass', async () => {
  expect(await audit('{"vulnerabilities":{}}')).toMatchObject({ code: 0, output: expect.stringContaining(': 0,') })
})
