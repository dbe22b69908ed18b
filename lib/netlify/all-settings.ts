import { readAll, reviewSettings } from '../settings/all.ts'

/** The settings of a function that needs all of them. */
export const allSettings = { read: readAll, review: reviewSettings }
