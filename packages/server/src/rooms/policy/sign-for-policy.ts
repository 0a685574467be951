import type { RoomId, ServerName } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { objectOf } from '../plain-content.ts'
import type { PolicyDesk } from './policy-desk.ts'

/** An event that another server wants signed, as text: its numbers are kept as they were written. */
export interface PolicyArguments {
  readonly origin: ServerName
  readonly roomId: RoomId
  readonly event: string
}

/** Sign an event as the policy server of its room; see `PolicyDesk.sign`. */
export async function signForPolicy(desk: PolicyDesk | undefined, { origin, event }: PolicyArguments): Promise<{ signature: string }> {
  if (desk === undefined) throw new MatrixError('M_UNRECOGNIZED', 'This server is no policy server')
  return { signature: await desk.sign(origin, objectOf(event)) }
}
