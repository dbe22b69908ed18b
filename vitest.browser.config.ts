import { defineConfig } from 'vitest/config'

/** The tests that need a Chromium: `npm run test:browser`. */
export default defineConfig({
  test: {
    include: ['tests/browser/**/*.test.ts'],
    globalSetup: ['tests/support/global-setup.ts', 'tests/support/log-scan.ts'],
    setupFiles: ['tests/support/setup.ts'],
    provide: { leastRecorded: { lines: 10, files: 1, secrets: 20 } },
    // Generous, because CI runs other parts at the same time. No test measures time by these.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000, interval: 50 } },
  },
})
