import { resolve } from 'node:path'

/** The root of this repository. Apart from the build, whose tools take seconds to load and much memory. */
export const repository = resolve(import.meta.dirname, '..')
