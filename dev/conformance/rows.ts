import type { Group } from './row.ts'
import { advisories } from './rows/advisories.ts'
import { authorization } from './rows/authorization.ts'
import { consent } from './rows/consent.ts'
import { defects } from './rows/defects.ts'
import { discovery } from './rows/discovery.ts'
import { docsSite, related } from './rows/features.ts'
import { metadataDocuments } from './rows/metadata-documents.ts'
import { operations } from './rows/operations.ts'
import { registration } from './rows/registration.ts'
import { resourceServer } from './rows/resource-server.ts'
import { tokens } from './rows/tokens.ts'
import { upstream } from './rows/upstream.ts'

/** The ledger's content, in the order of the document. */
export const groups: readonly Group[] = [
  discovery,
  authorization,
  consent,
  tokens,
  registration,
  metadataDocuments,
  resourceServer,
  upstream,
  operations,
  advisories,
  defects,
  docsSite,
  related,
]
