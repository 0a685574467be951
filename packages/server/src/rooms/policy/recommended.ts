import type { Pdu } from '@causeway/events'
import type { RoomEngine } from '../engine/room-engine.ts'
import type { RoomPeers } from '../inbound/room-peers.ts'
import { askPolicyServer } from './ask-policy-server.ts'
import { isRecommended, needsPolicy, policyServerOf } from './policy-server.ts'

/**
 * An event for which somebody waits, with the signature of its room's policy server where the room has one and the event lacks it.
 * Throws the policy server's refusal. It waits for the network: never under the room's queue.
 */
export async function recommended(ports: { readonly engine: RoomEngine; readonly peers: RoomPeers }, pdu: Pdu): Promise<Pdu> {
  const view = needsPolicy(pdu) ? await ports.engine.view(pdu.roomId) : undefined
  const policy = view === undefined ? undefined : await policyServerOf(ports.engine.ports.db, view)
  if (view === undefined || policy === undefined || isRecommended(pdu, view.rules, policy)) return pdu
  return askPolicyServer(ports.peers, pdu, view.rules, policy, { evenIfResting: true })
}
