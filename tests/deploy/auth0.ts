import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startProcess } from '../../dev/processes.ts'
import { repository } from '../../dev/repository.ts'
import { type Application, startTenant, type Tenant } from './auth0-stand-in.ts'
import type { Trial } from './trial.ts'

const callbacks = ['https://docs.example.com/mcp/callback']
const name = 'Documentation MCP server'
const another: Application = { client_id: 'shop', name: 'Shop', callbacks: ['https://shop.example.com/callback'] }
const longest = 120_000

/** Runs Auth0's own Deploy CLI with the application of docs/deploy/auth0, against a stand-in of the Management API. */
export const auth0: Trial = {
  name: 'auth0',
  async run({ folder, tool, check, progress }) {
    const tenant = await startTenant([{ ...another }])
    const directory = join(folder, 'auth0')
    await mkdir(directory)
    await writeFile(join(directory, 'ca.pem'), tenant.caPem)
    const deploy = (...args: string[]) =>
      runDeployCli(tool('auth0-deploy-cli', 'lib/index.js'), directory, tenant, args)
    const ours = () => tenant.applications.find((application) => application.name === name)
    try {
      progress('a0deploy import --dry-run')
      const plan = await deploy('--dry-run')
      check('a dry run says what would be created', plan.includes(name))
      check('a dry run changes nothing', tenant.changes.length === 0 && ours() === undefined)

      progress('a0deploy import')
      await deploy()
      const created = ours()
      check('one application is created', tenant.changes.join() === 'POST /api/v2/clients' && created !== undefined)
      check(
        'its callback is exactly that of the service',
        JSON.stringify(created?.callbacks) === JSON.stringify(callbacks),
      )
      check('it is a public client that may only exchange codes', created?.token_endpoint_auth_method === 'none' && JSON.stringify(created?.grant_types) === '["authorization_code"]') // biome-ignore format: one line
      check('its ID tokens are signed with RS256', JSON.stringify(created?.jwt_configuration).includes('"alg":"RS256"'))

      progress('a0deploy import, once more')
      tenant.changes.length = 0
      await deploy()
      check(
        'a second run creates nothing',
        tenant.applications.length === 2 && ours()?.client_id === created?.client_id,
      )
      check('no other application is touched', JSON.stringify(tenant.applications[0]) === JSON.stringify(another))
      check(
        'nothing is deleted',
        tenant.changes.every((change) => change.startsWith('PATCH /api/v2/clients/')),
      )
    } finally {
      await tenant.stop()
    }
  },
}

/** Runs it with the variables of docs/deploy.md. @throws Error with its output if it fails */
async function runDeployCli(program: string, cwd: string, tenant: Tenant, args: readonly string[]): Promise<string> {
  const file = join(repository, 'docs/deploy/auth0/tenant.yaml')
  const running = startProcess(process.execPath, [program, 'import', '--input_file', file, ...args], {
    cwd,
    longest,
    env: {
      PATH: process.env.PATH,
      HOME: cwd,
      NODE_EXTRA_CA_CERTS: join(cwd, 'ca.pem'),
      AUTH0_DOMAIN: tenant.domain,
      // With AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET it works too, and each run waits for a minute and a half.
      AUTH0_ACCESS_TOKEN: tenant.accessToken,
      AUTH0_ALLOW_DELETE: 'false',
      AUTH0_INCLUDED_ONLY: '["clients"]',
      AUTH0_KEYWORD_REPLACE_MAPPINGS: JSON.stringify({ APPLICATION_NAME: name, CALLBACKS: callbacks }),
    },
  })
  const code = await running.ended
  if (code !== 0) throw new Error(`a0deploy ended with ${code}\n${running.output()}`)
  return running.output()
}
