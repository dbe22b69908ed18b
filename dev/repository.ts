import { resolve } from 'node:path'

/** The root of this repository. It has a file of its own because the build tools take seconds and much memory to load. */
export const repository = resolve(import.meta.dirname, '..')
