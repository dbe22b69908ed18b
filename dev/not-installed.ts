/** What to do about a package that is not there: npm leaves out those of development when it is told to, and forgets to say so. */
export function notInstalled(name: string): string {
  const { NODE_ENV, npm_config_omit: omit } = process.env
  if (NODE_ENV !== 'production' && !omit?.includes('dev')) {
    return `The package ${name} is not installed: run npm ci first, without NODE_ENV=production and --omit.`
  }
  const cause = omit ? '--omit=dev' : 'NODE_ENV=production'
  return `The package ${name} is not installed: with ${cause}, npm ci leaves it out. Run npm ci --include=dev.`
}
