import { canonicalJson, type Pdu, type RoomId, type RoomRules } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import type { EventWish } from '../engine/local-event.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import type { RoomPeers } from '../inbound/room-peers.ts'
import { askPolicyServer } from './ask-policy-server.ts'
import type { PolicyServer } from './policy-server.ts'

/** Times that an action is begun anew since the room, or its policy server, has changed meanwhile. */
const turnsMax = 4

/** Thrown out of a room's queue: the event has to be signed by the room's policy server first. */
export class ApprovalNeeded extends Error {
  override readonly name = 'ApprovalNeeded'
  readonly wish: EventWish
  readonly pdu: Pdu
  readonly rules: RoomRules
  readonly policy: PolicyServer

  constructor(wish: EventWish, pdu: Pdu, rules: RoomRules, policy: PolicyServer) {
    super('the event needs the signature of a policy server')
    this.wish = wish
    this.pdu = pdu
    this.rules = rules
    this.policy = policy
  }
}

/** Our own events that a policy server has signed and that have not got their place yet. */
export class Approvals {
  readonly #pdus = new Map<string, Pdu[]>()

  /** Keep a signed event for the action that wants it. Gives what drops it again. */
  add(wish: EventWish, pdu: Pdu): () => void {
    const key = nameOf(pdu.roomId, wish)
    const list = this.#pdus.get(key) ?? []
    this.#pdus.set(key, [...list, pdu])
    return () => this.#drop(key, pdu)
  }

  /** The signed event of an action that wants this, if there is one; it is given once. */
  take(roomId: RoomId, wish: EventWish): Pdu | undefined {
    const key = nameOf(roomId, wish)
    const [pdu] = this.#pdus.get(key) ?? []
    if (pdu !== undefined) this.#drop(key, pdu)
    return pdu
  }

  #drop(key: string, pdu: Pdu): void {
    const rest = (this.#pdus.get(key) ?? []).filter((each) => each !== pdu)
    if (rest.length === 0) this.#pdus.delete(key)
    else this.#pdus.set(key, rest)
  }
}

/**
 * Run an action that sends events of ours. Where its room has a policy server, the event is built, signed outside of the room's queue,
 * and the action begins anew with the signed event (decision "No queue waits for the network"). Throws the policy server's refusal.
 */
export async function underPolicy<T>(engine: RoomEngine, peers: RoomPeers, action: () => Promise<T>): Promise<T> {
  const drops: (() => void)[] = []
  try {
    for (let turn = 0; turn < turnsMax; turn += 1) {
      try {
        return await action()
      } catch (error) {
        if (!(error instanceof ApprovalNeeded)) throw error
        const signed = await askPolicyServer(peers, error.pdu, error.rules, error.policy, { evenIfResting: true })
        drops.push(engine.approvals.add(error.wish, signed))
      }
    }
    throw new MatrixError('M_UNKNOWN', 'The room keeps changing: try again', { status: 503 })
  } finally {
    for (const drop of drops) drop()
  }
}

function nameOf(roomId: RoomId, { type, stateKey, sender, content, redacts }: EventWish): string {
  return canonicalJson([roomId, type, stateKey ?? null, sender, content, redacts ?? null])
}
