import { readFileSync } from 'node:fs'
import type { Environment } from '../../lib/settings/reader.ts'
import { Explained } from '../explained.ts'
import { parseEnvFile } from '../start/env-file.ts'

/** Reads the settings in a file such as `.env`. @throws Explained if it cannot be read, or a line is wrong */
export function settingsIn(file: string): Environment {
  const { settings, problems } = parseEnvFile(read(file))
  if (problems.length > 0) throw new Explained(`${file}: ${problems.join('; ')}.`)
  return settings
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new Explained(`${file} cannot be read.`)
  }
}
