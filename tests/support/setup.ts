import { relative } from 'node:path'
import { expect, inject, vi } from 'vitest'
import { recorded, recordLine, startRecording } from '../../dev/worlds/recording.ts'
import { keepSecret } from '../../dev/worlds/secrets.ts'
import { defined } from '../../lib/base/defined.ts'
import './waiting.ts'

/**
 * Runs before each test file. Every log line of a function host, or of our own log in this process, is
 * recorded for the scan at the end of the run. The tests need not do anything.
 */

startRecording(inject('recordings'), () => {
  const { testPath = '', currentTestName = '' } = expect.getState()
  return `${relative(process.cwd(), testPath)}: ${currentTestName}`
})

/** Settings that hold a secret, or a list of them. */
const secretSettings = /_SECRETS?$|_KEY$|_TOKENS?$/

/**
 * Function hosts get their whole environment from the test, and these beside it: Node's cache of compiled code, see
 * `global-setup`, and the clock of Debian's `faketime`, see docs/development.md.
 */
const { NODE_COMPILE_CACHE, LD_PRELOAD, FAKETIME, FAKETIME_DONT_FAKE_MONOTONIC } = process.env
const passedOn = defined({ NODE_COMPILE_CACHE, LD_PRELOAD, FAKETIME, FAKETIME_DONT_FAKE_MONOTONIC })

vi.mock(import('../../dev/host/start.ts'), async (original) => {
  const { startHost } = await original()
  return {
    startHost(options) {
      for (const [name, value] of Object.entries(options.env)) {
        if (secretSettings.test(name)) keepSecret(...value.split(','))
      }
      const { onOutput = console.log } = options
      return startHost({
        ...options,
        env: { ...passedOn, ...options.env },
        onOutput(line) {
          recordLine(line)
          onOutput(line)
        },
      })
    },
  }
})

vi.mock(import('../../lib/service/log.ts'), async (original) => {
  const module = await original()
  return { ...module, log: recorded(module.log) }
})
