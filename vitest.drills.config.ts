import { defineConfig } from 'vitest/config'

/** Outages, carried out against the built functions: `npm run drills`. */
export default defineConfig({
  test: {
    include: ['tests/drills/**/*.drill.ts'],
    globalSetup: ['tests/support/global-setup.ts', 'tests/support/log-scan.ts'],
    setupFiles: ['tests/support/setup.ts'],
    provide: { leastRecorded: { lines: 100, files: 5, secrets: 100 } },
    isolate: false,
    // Most drills wait: for a deadline, or until an answer of `/health/ready` is old enough.
    maxWorkers: 4,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
})
