/** `npm run build:package`: stages what the registry gets. */
import { relative } from 'node:path'
import { readOptions } from '../options.ts'
import { repository } from '../repository.ts'
import { packageFolder, stagePackage } from './stage.ts'

readOptions(
  'npm run build:package\n\nWrites the package for other MCP servers: dist/package. npm pack dist/package makes the tarball.',
  {},
)
await stagePackage(packageFolder)
const folder = relative(repository, packageFolder)
console.log(`${folder}: npm pack ./${folder} makes the tarball`)
