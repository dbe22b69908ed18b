import { composeAbout } from '../service/about.ts'
import { allSettings } from './all-settings.ts'
import { serveWith } from './serve.ts'

/** The `about` function. */
export const serveAbout = serveWith(allSettings, composeAbout, (about, request) => about.fetch(request))
