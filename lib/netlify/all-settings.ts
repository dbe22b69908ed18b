import { readConfiguration, reviewSettings } from '../settings/configuration.ts'

/** The settings of a function that needs all of them. */
export const allSettings = { read: readConfiguration, review: reviewSettings }
