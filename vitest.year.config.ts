import { defineConfig } from 'vitest/config'

/** A year on a fake clock, and sweeps of millions of records: `npm run test:year`. */
export default defineConfig({
  test: {
    include: ['tests/year/*.test.ts'],
    maxWorkers: 2,
    testTimeout: 1_800_000,
    hookTimeout: 120_000,
  },
})
