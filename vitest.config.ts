import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const needsArtifact = ['tests/flows/**/*.test.ts', 'tests/clients/**/*.test.ts']

/** `npm test` runs both projects. `npm run test:unit` runs the one that builds nothing. */
export default defineConfig({
  test: {
    globalSetup: ['tests/support/log-scan.ts'],
    setupFiles: ['tests/support/setup.ts'],
    // Two at once on two cores as well: many tests wait, for an upstream that never answers for one.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Generous, for a machine that has other things to do as well: nothing here is decided by how long it takes.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 20_000, interval: 50 } },
    // `leastRecorded` is about half of what the tests record now. Less means that something is no longer recorded.
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{lib,cli,bin,dev,tests}/**/*.test.ts'],
          exclude: [...needsArtifact, 'tests/browser/**', '**/node_modules/**'],
          provide: { leastRecorded: { lines: 1_000, files: 10, secrets: 1_000 } },
        },
      },
      {
        test: {
          name: 'flows',
          include: needsArtifact,
          globalSetup: ['tests/support/global-setup.ts'],
          provide: { leastRecorded: { lines: 4_000, files: 15, secrets: 4_000 } },
        },
      },
    ],
  },
})
