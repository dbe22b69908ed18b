import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** Tests that need the built functions, and the properties, which take a minute. */
const flows = ['tests/flows/**/*.test.ts', 'tests/clients/**/*.test.ts', 'tests/properties/**/*.test.ts']

/** `npm test` runs both projects. `npm run test:unit` runs the one that builds nothing. */
export default defineConfig({
  test: {
    globalSetup: ['tests/support/log-scan.ts'],
    setupFiles: ['tests/support/setup.ts'],
    // Test files of one worker share the modules that they import: a third of the time was loading them for each file.
    isolate: false,
    // At least four workers, on two cores too: many tests wait, for example for a provider that never answers.
    maxWorkers: Math.max(4, availableParallelism() - 1),
    // Generous, because the machine may be busy. No test measures time by these.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000, interval: 50 } },
    coverage: {
      include: ['lib/**/*.ts', 'netlify/**/*.ts'],
      exclude: ['**/*.test.ts'],
      reporter: ['text-summary'],
      reportOnFailure: true,
      reportsDirectory: '.local/coverage',
    },
    // `leastRecorded` is about half of what the tests record now. Less means that something is no longer recorded.
    projects: [
      {
        test: {
          name: 'unit',
          setupFiles: ['tests/support/shared-key-pairs.ts'],
          include: ['{lib,cli,bin,dev,tests}/**/*.test.ts'],
          exclude: [
            ...flows,
            'tests/browser/**',
            'tests/doctor/**',
            'tests/package/**',
            'tests/postgres/**',
            'tests/year/**',
            '**/node_modules/**',
          ],
          provide: { leastRecorded: { lines: 7_000, files: 30, secrets: 5_000 } },
        },
      },
      {
        test: {
          name: 'flows',
          include: flows,
          globalSetup: ['tests/support/global-setup.ts'],
          provide: { leastRecorded: { lines: 15_000, files: 22, secrets: 12_000 } },
        },
      },
    ],
  },
})
