import type { Sealing } from '../oauth/keys/sealing.ts'
import { recordSchema } from '../people/outbox/message.ts'
import { receiverSchema } from '../people/outbox/receiver.ts'

/** The seals of what the outbox keeps in the store. */
export const outboxSeals = (sealing: Sealing) => ({
  seal: sealing.encrypted('outbox-message', recordSchema),
  sealState: sealing.encrypted('outbox-receiver', receiverSchema),
})
