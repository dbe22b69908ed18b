import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { buildInChild } from '../../dev/build/build-in-child.ts'
import { personalSettings } from '../../dev/start/local-env.ts'
import { startWorld } from '../../dev/start/world.ts'
import { descriptions } from '../../lib/settings/descriptions/sections.ts'
import { newSecret } from '../../lib/settings/secrets.ts'
import { knownNames, settingNames } from '../../lib/settings/table.ts'

/** A function that answers with its environment. */
const source = `
  export default () => Response.json(process.env)
  export const config = { path: '/environment' }
`

/** The variables of Node, as a shell may have them. */
const ofNode = {
  NODE_EXTRA_CA_CERTS: '/etc/ssl/certs/company.pem',
  NODE_USE_SYSTEM_CA: '0',
  NODE_USE_ENV_PROXY: '0',
  SSL_CERT_FILE: '/etc/ssl/cert.pem',
  HTTP_PROXY: 'http://proxy.example.com:3128',
  HTTPS_PROXY: 'http://proxy.example.com:3128',
  https_proxy: 'http://proxy.example.com:3128',
  NO_PROXY: 'localhost,127.0.0.1',
}

/** An artifact of this one function. */
async function environmentArtifact() {
  const folder = await mkdtemp(join(tmpdir(), 'local-settings-test-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'environment.ts'), source)
  return buildInChild({ outDir: join(folder, 'out'), functionsDirectory: folder })
}

test('npm start passes every setting of the table, and the variables of Node, on to the functions [F-000-91]', async () => {
  const ofTable = Object.fromEntries(settingNames.map((name) => [name, descriptions[name].example ?? newSecret()]))
  const older = Object.fromEntries([...knownNames].filter((name) => !(name in ofTable)).map((name) => [name, 'older']))
  const shell = { ...ofTable, ...older, ...ofNode, PATH: '/bin', NODE_OPTIONS: '--max-http-header-size=1' }
  const settings = await personalSettings(shell, '/no/such/.env')
  const world = await startWorld({ artifact: await environmentArtifact(), settings })
  onTestFinished(world.stop)
  const environment = await (await fetch(`${world.url}/environment`)).json()
  expect(settings).toEqual({ ...ofTable, ...older, ...ofNode })
  const { MCP_ADMIN_WRITE_TOKEN: writeToken, ...others } = settings
  expect(environment).toMatchObject(others)
  // The local start adds the token of its own command line.
  expect(environment.MCP_ADMIN_WRITE_TOKEN.split(', ')).toEqual([writeToken, expect.any(String)])
  // The rest of the shell stays outside.
  expect(environment).not.toHaveProperty('NODE_OPTIONS')
})
