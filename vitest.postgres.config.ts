import { defineConfig } from 'vitest/config'

/** The tests of the store on a real PostgreSQL server: `npm run test:postgres`. */
export default defineConfig({
  test: {
    include: ['tests/postgres/**/*.test.ts'],
    isolate: false,
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000, interval: 20 } },
  },
})
