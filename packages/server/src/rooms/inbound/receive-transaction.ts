import {
  canonicalJson,
  isJsonObject,
  parseRoomId,
  type EventId,
  type JsonObject,
  type JsonValue,
  type RoomId,
  type ServerName,
} from '@causeway/events'
import { withoutVoid } from '../../ephemeral/edus.ts'
import { MatrixError } from '../../errors.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Announcement, Rows } from '../../storage/database.ts'
import { inboundAnswer, insertInboundTransaction } from '../../storage/tables/inbox.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import type { RoomView } from '../engine/room-view.ts'
import { checkReceived } from './check-received.ts'
import type { Inbox, Waiting } from './inbox.ts'
import type { RoomPeers } from './room-peers.ts'
import { serverAllowed } from './server-acl.ts'
import type { Unverified, UnverifiedEvent } from './unverified.ts'

/** What an EDU changes: rows of the transaction's commit, and what to do once it is durable. */
export interface EduEffect {
  readonly rows?: readonly Rows[]
  /** More of both, at the stream position of the commit. */
  readonly place?: (position: number) => { readonly rows: readonly Rows[]; readonly announcements: readonly Announcement[] }
  readonly afterwards?: () => void
}

/** What is said of one event of a transaction. */
export interface PduAnswer {
  readonly eventId: string
  /** Absent for one that was taken in. */
  readonly error?: string
}

/** What a transaction is taken in with. */
export interface TransactionPorts {
  readonly engine: RoomEngine
  readonly peers: RoomPeers
  readonly inbox: Inbox
  readonly unverified: Unverified
  readonly log: Logger
  /** Takes events in where their room is owned by another process; absent for a room that this one owns. */
  readonly elsewhere: (roomId: RoomId, origin: ServerName, pdus: readonly string[]) => Promise<readonly PduAnswer[]> | undefined
  /** Takes in one EDU; absent for a type that we do not know. It never throws for what a peer sent. */
  readonly receiveEdu: (origin: ServerName, type: string, content: JsonObject) => Promise<EduEffect | undefined>
}

/** Events and EDUs of one transaction (Server-Server API, "Transactions"). */
const pdusMax = 50
const edusMax = 100

/**
 * Take in a peer's transaction. One commit holds its id, the effects of its EDUs and all its events that passed checks 1
 * to 3, or cannot be verified for now; only then it is acknowledged. One bad event harms no other. The same id gets the same answer, and nothing twice.
 */
export async function receiveTransaction(ports: TransactionPorts, origin: ServerName, txnId: string, body: JsonObject): Promise<string> {
  const { db, clock } = ports.engine.ports
  const earlier = await inboundAnswer(db, origin, txnId)
  if (earlier !== undefined) return earlier.answer
  const pdus = listOf(body['pdus'], pdusMax, 'pdus')
  const edus = listOf(body['edus'] ?? [], edusMax, 'edus')

  const results: Record<string, { error?: string }> = Object.create(null)
  const admitted: (() => void)[] = []
  const rows: Rows[] = []
  for (const [roomId, values] of byRoom(pdus)) {
    const elsewhere = ports.elsewhere(
      roomId,
      origin,
      values.map((value) => canonicalJson(value)),
    )
    if (elsewhere !== undefined) {
      for (const { eventId, error } of await elsewhere) results[eventId] = error === undefined ? {} : { error }
      continue
    }
    const view = await ports.engine.view(roomId)
    if (view === undefined) continue
    for (const outcome of await admitRoom(ports, origin, view, values)) {
      if ('error' in outcome) {
        results[outcome.eventId] = { error: outcome.error }
        continue
      }
      results[outcome.eventId] = {}
      admitted.push(() => hand(ports, roomId, outcome))
      rows.push(outcome.row)
    }
  }
  const effects = await eduEffects(ports, origin, edus)
  const answer = JSON.stringify({ pdus: results })
  rows.push(...effects.flatMap((effect) => effect.rows ?? []), {
    write: insertInboundTransaction,
    rows: [[origin, txnId, answer, clock.now()]],
  })
  const places = effects.flatMap(({ place }) => place ?? [])
  const position = places.length === 0 ? 0 : db.nextPosition()
  const placed = places.map((place) => place(position))
  await db.commit({ rows: [...rows, ...placed.flatMap((each) => each.rows)], announcements: placed.flatMap((each) => each.announcements) })
  for (const effect of effects) effect.afterwards?.()
  for (const handOver of admitted) handOver()
  return answer
}

/** Take in events of one room for another process of this server, which answers the peer. */
export async function admitPdus(
  ports: RoomAdmission,
  roomId: RoomId,
  origin: ServerName,
  values: readonly JsonObject[],
): Promise<PduAnswer[]> {
  const view = await ports.engine.view(roomId)
  if (view === undefined) return []
  const outcomes = await admitRoom(ports, origin, view, values)
  const admitted = outcomes.flatMap((outcome) => ('error' in outcome ? [] : [outcome]))
  await ports.engine.ports.db.commit({ rows: admitted.map(({ row }) => row), shards: [view.shard] })
  for (const outcome of admitted) hand(ports, roomId, outcome)
  return outcomes.map(({ eventId, ...outcome }) => ('error' in outcome ? { eventId, error: outcome.error } : { eventId }))
}

type RoomAdmission = Pick<TransactionPorts, 'engine' | 'peers' | 'inbox' | 'unverified' | 'log'>

/** An event that is kept once its row is committed. */
type Kept = { readonly eventId: EventId; readonly row: Rows } & ({ readonly waiting: Waiting } | { readonly unverified: UnverifiedEvent })
type Admitted = Kept | { readonly eventId: EventId; readonly error: string }

/** Hand a durable event to whoever works on it. */
function hand({ inbox, unverified }: RoomAdmission, roomId: RoomId, kept: Kept): void {
  if ('waiting' in kept) inbox.enqueue(roomId, [kept.waiting])
  else unverified.add(roomId, [kept.unverified])
}

async function admitRoom(ports: RoomAdmission, origin: ServerName, view: RoomView, values: readonly JsonObject[]): Promise<Admitted[]> {
  const outcomes: Admitted[] = []
  const allowed = await serverAllowed(ports.engine.ports.db, view, origin)
  const received = await checkReceived(ports.peers, values, view.roomId, view.rules)
  for (const event of received) {
    if (event.pdu !== undefined && !allowed) {
      outcomes.push({ eventId: event.pdu.eventId, error: 'The server is not allowed in this room' })
    } else if (!event.ok && event.awaits !== undefined && ports.unverified.accepts(view.roomId, outcomes.length + 1)) {
      ports.log.info({ origin, refusal: event.refusal, event: event.pdu.eventId }, 'an event waits for the key of its server')
      outcomes.push({ eventId: event.pdu.eventId, ...ports.unverified.admit(view, event.pdu, origin) })
    } else if (!event.ok) {
      ports.log.info({ origin, refusal: event.refusal, event: event.pdu?.eventId }, 'an event was dropped')
      if (event.pdu !== undefined) outcomes.push({ eventId: event.pdu.eventId, error: event.refusal.why })
    } else if (!ports.inbox.accepts(view.roomId, outcomes.length + 1)) {
      throw new MatrixError('M_LIMIT_EXCEEDED', 'too many events of this room are waiting', { extra: { retry_after_ms: 5_000 } })
    } else {
      outcomes.push({ eventId: event.pdu.eventId, ...ports.inbox.admit(view.room, event.pdu, origin) })
    }
  }
  return outcomes
}

async function eduEffects(ports: TransactionPorts, origin: ServerName, edus: readonly JsonValue[]): Promise<EduEffect[]> {
  const effects: EduEffect[] = []
  for (const edu of withoutVoid(edus)) {
    if (!isJsonObject(edu) || typeof edu['edu_type'] !== 'string' || !isJsonObject(edu['content'])) continue
    const effect = await ports.receiveEdu(origin, edu['edu_type'], edu['content'])
    if (effect !== undefined) effects.push(effect)
  }
  return effects
}

function byRoom(pdus: readonly JsonValue[]): Map<RoomId, JsonObject[]> {
  const rooms = new Map<RoomId, JsonObject[]>()
  for (const pdu of pdus) {
    if (!isJsonObject(pdu)) continue
    const roomId = typeof pdu['room_id'] === 'string' ? parseRoomId(pdu['room_id']) : undefined
    // What names no room (a create event of version 12 among them) cannot be for a room that we are in.
    if (roomId === undefined) continue
    const values = rooms.get(roomId)
    if (values === undefined) rooms.set(roomId, [pdu])
    else values.push(pdu)
  }
  return rooms
}

function listOf(value: JsonValue | undefined, max: number, name: string): readonly JsonValue[] {
  if (!Array.isArray(value)) throw new MatrixError('M_BAD_JSON', `${name} must be a list`)
  if (value.length > max) throw new MatrixError('M_TOO_LARGE', `a transaction holds at most ${max} ${name}`)
  return value
}
