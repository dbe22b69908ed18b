/** The levels of events, the lowest first. */
export const levels = ['info', 'warn', 'error'] as const

/**
 * The only table of levels: what the name of an event contains. `error`: an operator has to look. `warn`: many of them mean
 * something. Every other event is `info`. `docs/operations.md` repeats it, and a test compares.
 */
export const error = /failed|lost|unreadable|dead|gone|gave_up|misconf|not_ready/
export const warn = /refused|reused|reached|unavailable|unread|unchecked|incomplete|unfinished/

/** The place of an event's level among `levels`. */
export const rankOf = (event: string) => (error.test(event) ? 2 : warn.test(event) ? 1 : 0)
