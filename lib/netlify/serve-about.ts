import { composeAbout } from '../service/about.ts'
import { serveWith } from './serve.ts'

/** The `about` function. */
export const serveAbout = serveWith(composeAbout, (about, request) => about.fetch(request))
