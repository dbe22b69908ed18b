import { vi } from 'vitest'

/**
 * Gives `vi.waitFor` the patience of `expect.poll` in the configuration: a second is not enough on a busy machine. Test files of
 * one worker share `vi`, and this module with it, so that it is wrapped once.
 */
const { waitFor } = vi
vi.waitFor = (work, options) =>
  waitFor(work, typeof options === 'number' ? options : { timeout: 60_000, interval: 50, ...options })
