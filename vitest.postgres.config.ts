import { defineConfig } from 'vitest/config'

/**
 * Flows that show nothing about PostgreSQL, each with the reason. In the other files, `testOnBlobs` marks single tests that need a
 * fault of the emulator or its log of operations.
 */
const ofBlobs: Readonly<Record<string, string>> = {
  build: 'builds only',
  commands: 'starts programs, which use Blobs',
  'deploy-skew': 'an earlier release knows only Blobs',
  demo: 'faults of the emulator',
  doctor: 'plants faults of the emulator, and reads its log of operations',
  host: 'no store',
  limits: 'faults and the log of the emulator',
  'loaded-files': 'what a sign-in on Blobs loads',
  'local-settings': 'starts programs, which use Blobs',
  manifest: 'builds only',
  'mcp-limits': 'faults and the log of the emulator',
  moving: 'moves from Blobs to PostgreSQL by itself',
  'netlify-dev': 'the store of netlify dev',
  'odd-upstreams': 'the providers, not the store',
  postgres: 'PGlite, in npm test',
  races: 'faults and the log of the emulator; tests/postgres/ has the races',
  restart: 'faults of the emulator',
  revocation: 'faults of the emulator',
  'round-trips': 'counts operations of the emulator; the bench counts statements',
  telemetry: 'its spans name Netlify Blobs as the database',
  'tool-failures-elsewhere': 'faults of the emulator',
  upstream: 'the providers, not the store',
  'upstream-answers': 'the providers, not the store',
  'upstream-twice': 'the providers, not the store',
  world: 'the addresses of the emulator',
}

/** The tests of the store on a real PostgreSQL server, and the flows on it: `npm run test:postgres`. */
export default defineConfig({
  test: {
    isolate: false,
    maxWorkers: 3,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    globalSetup: ['tests/support/log-scan.ts'],
    setupFiles: ['tests/support/setup.ts'],
    expect: { poll: { timeout: 60_000, interval: 50 } },
    projects: [
      {
        test: {
          name: 'store',
          include: ['tests/postgres/**/*.test.ts'],
          provide: { leastRecorded: { lines: 0, files: 0, secrets: 0 } },
        },
      },
      {
        test: {
          name: 'flows on PostgreSQL',
          include: ['tests/flows/*.test.ts'],
          exclude: Object.keys(ofBlobs).map((name) => `tests/flows/${name}.test.ts`),
          globalSetup: ['tests/support/global-setup.ts', 'tests/support/postgres-setup.ts'],
          provide: { leastRecorded: { lines: 1_000, files: 10, secrets: 1_000 } },
        },
      },
    ],
  },
})
