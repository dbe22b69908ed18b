import { defineConfig } from 'vitest/config'

/** The tests that need a Chromium: `npm run test:browser`. */
export default defineConfig({
  test: {
    include: ['tests/browser/**/*.test.ts'],
    globalSetup: ['tests/support/global-setup.ts', 'tests/support/log-scan.ts'],
    setupFiles: ['tests/support/setup.ts'],
    provide: { leastRecorded: { lines: 10, files: 1, secrets: 20 } },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
