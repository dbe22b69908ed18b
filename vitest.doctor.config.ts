import { defineConfig } from 'vitest/config'

/** Every fault that `npm run doctor` must find, planted one by one: `npm run test:doctor`. */
export default defineConfig({
  test: {
    include: ['tests/doctor/**/*.test.ts'],
    globalSetup: ['tests/support/global-setup.ts', 'tests/support/log-scan.ts'],
    setupFiles: ['tests/support/setup.ts'],
    provide: { leastRecorded: { lines: 500, files: 1, secrets: 20 } },
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000, interval: 50 } },
  },
})
