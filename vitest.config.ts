import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['lib/**/*.test.ts', 'bin/**/*.test.ts', 'dev/**/*.test.ts', 'tests/**/*.test.ts'],
    globalSetup: ['tests/support/global-setup.ts', 'tests/support/log-scan.ts'],
    setupFiles: ['tests/support/setup.ts'],
    // About half of what there is: less would mean that something is not recorded any more.
    provide: { leastRecorded: { lines: 5_000, files: 25, secrets: 5_000 } },
    exclude: ['tests/browser/**', 'node_modules/**'],
    // Two at once on two cores as well: many tests wait, for an upstream that never answers for one.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Generous, for a machine that has other things to do as well: nothing here is decided by how long it takes.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 20_000, interval: 50 } },
  },
})
