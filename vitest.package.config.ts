import { defineConfig } from 'vitest/config'

/** The tests of the package, each in a folder where npm has installed its tarball: `npm run test:package`. */
export default defineConfig({
  test: {
    include: ['tests/package/**/*.test.ts'],
    isolate: false,
    maxWorkers: 1,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    globalSetup: ['tests/support/log-scan.ts'],
    setupFiles: ['tests/support/setup.ts'],
    provide: { leastRecorded: { lines: 0, files: 0, secrets: 0 } },
  },
})
