/** Says what to do about a missing package. npm silently leaves out development packages when NODE_ENV or --omit tells it to. */
export function notInstalled(name: string): string {
  const { NODE_ENV, npm_config_omit: omit } = process.env
  if (NODE_ENV !== 'production' && !omit?.includes('dev')) {
    return `The package ${name} is not installed. Run npm ci first, without NODE_ENV=production and --omit.`
  }
  const cause = omit ? '--omit=dev' : 'NODE_ENV=production'
  return `The package ${name} is not installed, because npm ci leaves it out with ${cause}. Run npm ci --include=dev.`
}
