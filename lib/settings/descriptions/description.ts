/** What operators read about a setting, in Markdown. No function that Netlify runs loads it. */
export interface Description {
  /** What the setting does, in one or two sentences. `.env.example` shows it too. */
  readonly what: string
  /** What else operators should know. */
  readonly more?: string
  /** The default in words, where the table has no plain value. */
  readonly default?: string
  /** A value; none for a secret. */
  readonly example?: string
}
