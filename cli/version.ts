import { readFileSync } from 'node:fs'

const { version: ours } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

/** The release of this checkout. */
export const version = String(ours)
