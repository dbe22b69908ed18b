/** The levels of events, the lowest first. */
export const levels = ['info', 'warn', 'error'] as const
export type Level = (typeof levels)[number]

/** The only table of levels: words in the names of events. Every other event is `info`. */
const error = /failed|lost|unreadable|dead|gone|gave_up|misconf|not_ready/
const warn = /refused|reused|reached|unavailable|unread|unchecked|incomplete|unfinished|copy_used|foreign/

/** The level of an event. `error`: an operator has to look. `warn`: many of them mean something. */
export const levelOf = (event: string): Level => (error.test(event) ? 'error' : warn.test(event) ? 'warn' : 'info')
