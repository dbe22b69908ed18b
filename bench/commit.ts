import { execFileSync } from 'node:child_process'
import { repository } from '../dev/repository.ts'

/** The commit of the working copy, with a `+` if it was changed since. */
export function commit(): string | null {
  try {
    const git = (...args: string[]) => execFileSync('git', args, { cwd: repository, encoding: 'utf8' }).trim()
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') === '' ? '' : '+')
  } catch {
    return null
  }
}
