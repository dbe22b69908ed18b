import { join } from 'node:path'
import { installInto, type Packages } from '../../dev/install-packages.ts'
import { repository } from '../../dev/repository.ts'

/**
 * Installs the clients and suites of this folder's package-lock.json, unless they are installed.
 *
 * @throws Explained with npm's message
 */
export const installPackages = (progress: (what: string) => void): Promise<Packages> =>
  installInto(
    {
      source: join(repository, 'tests/real-clients'),
      target: join(repository, '.local/real-clients'),
      what: 'the clients (620 MB)',
    },
    progress,
  )
