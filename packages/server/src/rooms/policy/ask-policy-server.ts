import { withSignature, type Pdu, type RoomRules } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import type { RoomPeers } from '../inbound/room-peers.ts'
import { isRecommended, policyKeyId, type PolicyServer } from './policy-server.ts'

/**
 * Ask a policy server to sign an event; gives the event with its signature beside those that it has. Throws what the policy server
 * says, in a form that a client may read, when it refuses, cannot be reached, or signs wrongly. It waits for the network: never under
 * a room's queue. Server-Server API, "Asking for a Policy Server signature on an event".
 */
export async function askPolicyServer(
  peers: Pick<RoomPeers, 'askToSign'>,
  pdu: Pdu,
  rules: RoomRules,
  policy: PolicyServer,
  options: { readonly evenIfResting: boolean },
): Promise<Pdu> {
  const signature = await peers.askToSign(policy.server, pdu.object, policyKeyId, options)
  const signed = withSignature(pdu, rules, policy.server, policyKeyId, signature)
  if (!signed.ok) throw new MatrixError('M_TOO_LARGE', 'The event has no place for the signature of the policy server')
  if (!isRecommended(signed.pdu, rules, policy)) {
    throw new MatrixError('M_FORBIDDEN', 'The policy server of the room does not sign with its key')
  }
  return signed.pdu
}
