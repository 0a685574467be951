import {
  addSignature,
  checkContentHash,
  parsePdu,
  parseRoomId,
  signaturesOf,
  type JsonObject,
  type Pdu,
  type RoomId,
  type ServerName,
  type SigningKey,
  type Verdict,
} from '@causeway/events'
import { timingSafeEqual } from 'node:crypto'
import { assert } from '../../assert.ts'
import { MatrixError } from '../../errors.ts'
import type { RateClass } from '../../http/rate-limiter.ts'
import { limits } from '../../limits.ts'
import { RecentMap } from '../engine/recent-map.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import type { RoomView } from '../engine/room-view.ts'
import { serverAllowed } from '../inbound/server-acl.ts'
import { judgeByPolicy, type PolicyRules } from './policy-rules.ts'
import { needsPolicy, policyServerOf } from './policy-server.ts'

interface Ports {
  readonly engine: RoomEngine
  /** What it signs with: not the key that this server signs its events with. */
  readonly key: SigningKey
  readonly rules: PolicyRules
  /** How often somebody may send into a room, by room and sender; absent for as often as they like. */
  readonly senders: RateClass | undefined
}

/** This server as the policy server of rooms: it signs events that pass the operator's rules. Server-Server API, "Policy Servers". */
export class PolicyDesk {
  readonly #ports: Ports
  /**
   * What was decided, by event id. Every server of a room asks about an event that was sent without our signature: all get the same
   * answer, and the event counts once.
   */
  readonly #verdicts = new RecentMap<string, Verdict>(limits.policyVerdictsMax)

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /**
   * The signature on an event, in unpadded base64, for a server that asks. Throws M_NOT_FOUND where we are not the room's policy server,
   * M_BAD_JSON for what is no event of that room, M_FORBIDDEN for what does not pass (400) and for servers that the room's ACL keeps out.
   */
  async sign(origin: ServerName, event: JsonObject): Promise<string> {
    const { engine, key } = this.#ports
    const view = await this.#protectedRoom(roomOf(event))
    const allowed = await serverAllowed(engine.ports.db, view, origin)
    if (!allowed) throw new MatrixError('M_FORBIDDEN', 'Your server is not allowed in this room')
    const parsed = parsePdu(event, view.rules)
    if (!parsed.ok) throw new MatrixError('M_BAD_JSON', `This is no event of this room: ${parsed.refusal.why}`)
    const verdict = this.#judge(parsed.pdu)
    if (!verdict.allowed) throw new MatrixError('M_FORBIDDEN', `The policy server refuses this: ${verdict.why}`, { status: 400 })
    const { serverName } = engine.ports
    const signed = addSignature(parsed.pdu, view.rules, serverName, key)
    if (!signed.ok) throw new MatrixError('M_TOO_LARGE', 'The event has no place for the signature')
    const signature = signaturesOf(signed.pdu, serverName).find(([keyId]) => keyId === key.keyId)?.[1]
    assert(signature !== undefined, 'what was signed has the signature')
    return signature
  }

  /** A room whose state names us and our key. A room that names us with another key would not believe our signature. */
  async #protectedRoom(roomId: RoomId | undefined): Promise<RoomView> {
    const { engine, key } = this.#ports
    const view = roomId === undefined ? undefined : await engine.view(roomId)
    const policy = view === undefined || !view.hasState ? undefined : await policyServerOf(engine.ports.db, view)
    if (view === undefined || policy?.server !== engine.ports.serverName || !timingSafeEqual(policy.publicKey, key.publicKey)) {
      throw new MatrixError('M_NOT_FOUND', 'This server is not the policy server of this room')
    }
    return view
  }

  #judge(pdu: Pdu): Verdict {
    const known = this.#verdicts.get(pdu.eventId)
    if (known !== undefined) return known
    if (!needsPolicy(pdu)) return refused('the event that names the policy server is not signed by it')
    // A signature is over the content's hash alone: what we judge has to be what others will read.
    if (!checkContentHash(pdu)) return refused('its content is not what its hash says')
    const judged = judgeByPolicy(pdu, this.#ports.rules)
    const waitMs = judged.allowed ? (this.#ports.senders?.take(`${pdu.roomId} ${pdu.sender}`) ?? 0) : 0
    const verdict = waitMs === 0 ? judged : refused('its sender sends too much')
    this.#verdicts.set(pdu.eventId, verdict)
    return verdict
  }
}

function refused(why: string): Verdict {
  return { allowed: false, rule: 'policy', why }
}

function roomOf(event: JsonObject): RoomId | undefined {
  const roomId = event['room_id']
  return typeof roomId === 'string' ? parseRoomId(roomId) : undefined
}
