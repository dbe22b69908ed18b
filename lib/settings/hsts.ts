/** `off`, or a value of the header that browsers understand (RFC 6797 §6.1). Preloading needs all three parts. */
export const isHsts = (text: string): boolean =>
  /^(?:off|max-age=\d{1,9}(?:; includeSubDomains(?:; preload)?)?)$/.test(text)

/** One year. */
const usual = 'max-age=31536000'

/** Returns the value of `Strict-Transport-Security`; `off`: an answer has no such header. A wrong setting counts as none. */
export const hstsOf = (text = ''): string => (isHsts(text.trim()) ? text.trim() : usual)
