import * as v from 'valibot'
import { peers } from './peers.ts'
import { unitNames } from './units.ts'

const peerId = v.picklist(peers.map(({ id }) => id))
const unit = v.picklist(unitNames)

/** What one unit of work took in one peer: the medians of all rounds. */
const measurement = v.object({
  peer: peerId,
  unit,
  /** Milliseconds that each operation of the store waited. */
  delay: v.number(),
  /** Requests at a time. */
  concurrency: v.number(),
  milliseconds: v.number(),
  /** The fastest of all rounds. The difference between two delays says how many operations the answer waits for. */
  fastest: v.number(),
  perSecond: v.number(),
  /** CPU time of the peer, with the work that goes on after its answer, in microseconds. */
  cpu: v.number(),
  /** The medians of the ratios to this project in the same round. */
  timesOurs: v.object({ milliseconds: v.number(), perSecond: v.number(), cpu: v.number() }),
  operations: v.object({
    read: v.number(),
    write: v.number(),
    delete: v.number(),
    list: v.number(),
    transaction: v.number(),
  }),
  /** Requests to the peer. */
  requests: v.number(),
  /** Bytes of these requests and their answers. */
  bytes: v.number(),
  /** How many more records there are afterwards. */
  records: v.number(),
})
export type Measurement = v.InferOutput<typeof measurement>

const growth = v.object({
  peer: peerId,
  unit,
  /** Records in the store before the work. */
  records: v.number(),
  milliseconds: v.number(),
  cpu: v.number(),
})
export type Growth = v.InferOutput<typeof growth>

/** What a peer does with tokens that are used twice. */
const reuse = v.object({
  peer: peerId,
  /** Of so many requests at once with one code or one refresh token. */
  racers: v.number(),
  codeWinners: v.number(),
  refreshWinners: v.number(),
  /** Different refresh tokens among the answers to those. */
  successors: v.number(),
  /** Whether the refresh token of the grant is refused after a replay. */
  codeReplayEnds: v.boolean(),
  refreshReplayEnds: v.boolean(),
  /** Whether the refresh token before the current one is accepted once more right away. */
  previousAccepted: v.boolean(),
})
export type Reuse = v.InferOutput<typeof reuse>

export const results = v.object({
  at: v.string(),
  quick: v.boolean(),
  seconds: v.number(),
  commit: v.nullable(v.string()),
  node: v.string(),
  machine: v.object({
    platform: v.string(),
    cpu: v.string(),
    cores: v.number(),
    memoryMB: v.number(),
    pinned: v.boolean(),
    loadBefore: v.number(),
  }),
  versions: v.record(v.string(), v.string()),
  rounds: v.number(),
  measurements: v.array(measurement),
  growth: v.array(growth),
  reuse: v.array(reuse),
  memory: v.array(v.object({ peer: peerId, afterStart: v.number(), afterRun: v.number() })),
})
export type Results = v.InferOutput<typeof results>
