import type { Plan } from './run.ts'

const alone = { delay: 0, concurrency: 1 }
const aloneOnSlowStore = { delay: 10, concurrency: 1 }
const crowd = { delay: 0, concurrency: 50 }
const crowdOnSlowStore = { delay: 10, concurrency: 50 }

export const whole: Plan = {
  rounds: 5,
  modes: [
    { ...alone, size: 10 },
    { ...aloneOnSlowStore, size: 4 },
    { ...crowd, size: 150 },
    { ...crowdOnSlowStore, size: 150 },
  ],
  growth: { records: [1000, 100_000], rounds: 5, size: 12, warmUp: 100 },
  warmUp: 400,
}

export const quick: Plan = {
  rounds: 2,
  modes: [
    { ...alone, size: 6 },
    { ...aloneOnSlowStore, size: 2 },
    { ...crowd, size: 60 },
    { ...crowdOnSlowStore, size: 60 },
  ],
  growth: { records: [1000, 20_000], rounds: 2, size: 8, warmUp: 40 },
  warmUp: 60,
}
