import { clientEvent, type ClientEvent } from '../client/client-event.ts'
import { isObject, objectAt, type UnknownObject } from '../client/json.ts'
import type { MatrixClient } from '../client/matrix-client.ts'
import { MatrixError } from '../client/matrix-error.ts'
import type { Entry } from './ledger.ts'
import { readBack, type SyncedRoom, type SyncHistory } from './sync-history.ts'

/** What a server says of a room after a recovery. */
export interface ObservedRoom {
  /** By /messages, from the newest event back to the beginning; oldest first. */
  readonly messages: readonly ClientEvent[]
  /** By /sync, from tokens that are older than the load. */
  readonly readers: readonly SyncedRoom[]
  /** By /event; undefined for 404. Holds what was asked for. */
  readonly events: ReadonlyMap<string, ClientEvent | undefined>
  readonly state: readonly ClientEvent[]
}

/** What a server says after a recovery. */
export interface Observed {
  readonly rooms: ReadonlyMap<string, ObservedRoom>
  /** Account data by `accountDataKey`; absent for what there is none of. */
  readonly accountData: ReadonlyMap<string, UnknownObject>
  /** Does the server still take the access token? For the sessions that were to end. */
  readonly liveTokens: ReadonlyMap<string, boolean>
}

/** The name of a piece of account data among all users' and rooms'. */
export function accountDataKey(userId: string, roomId: string | undefined, type: string): string {
  return [userId, roomId ?? '', type].join(' ')
}

/** Who looks, and at what. */
export interface Lookout {
  /** A member of all rooms. */
  readonly reader: MatrixClient
  /** What readers were told by /sync since before the load began; caught up. */
  readonly histories: readonly SyncHistory[]
  readonly rooms: readonly string[]
  /** The load's sessions by user. */
  readonly sessions: ReadonlyMap<string, MatrixClient>
  /** Entries of the ledger whose events are asked for by id. */
  readonly recent: readonly Entry[]
  /** The whole ledger. */
  readonly entries: readonly Entry[]
}

/** Read everything that the ledger knows of from the server. */
export async function observe(lookout: Lookout): Promise<Observed> {
  const rooms = new Map<string, ObservedRoom>()
  for (const roomId of lookout.rooms) rooms.set(roomId, await observeRoom(lookout, roomId))
  return { rooms, accountData: await readAccountData(lookout), liveTokens: await tryTokens(lookout) }
}

async function observeRoom({ reader, histories, recent }: Lookout, roomId: string): Promise<ObservedRoom> {
  const events = new Map<string, ClientEvent | undefined>()
  for (const eventId of eventsOf(recent, roomId)) events.set(eventId, await readEvent(reader, roomId, eventId))
  return {
    messages: await readBack(reader, roomId, { until: () => false }),
    readers: histories.map((history) => history.room(roomId)),
    events,
    state: await reader.fullState(roomId),
  }
}

/** Ids of the events that the entries made or redacted in a room. */
function eventsOf(entries: readonly Entry[], roomId: string): Set<string> {
  const ids = new Set<string>()
  for (const { operation, outcome } of entries) {
    if (!('roomId' in operation) || operation.roomId !== roomId) continue
    if (outcome?.kind === 'ack' && outcome.eventId !== undefined) ids.add(outcome.eventId)
    if (operation.kind === 'redact') ids.add(operation.eventId)
  }
  return ids
}

async function readEvent(reader: MatrixClient, roomId: string, eventId: string): Promise<ClientEvent | undefined> {
  const answer = await reader.request('GET', `v3/rooms/${encodeURIComponent(roomId)}/event/${encodeURIComponent(eventId)}`)
  if (answer.status === 404) return undefined
  if (answer.status !== 200) throw new MatrixError(`GET event ${eventId}`, answer)
  return clientEvent(answer.body)
}

async function readAccountData({ sessions, entries }: Lookout): Promise<Map<string, UnknownObject>> {
  const found = new Map<string, UnknownObject>()
  const asked = new Set<string>()
  for (const { userId, operation } of entries) {
    if (operation.kind !== 'account-data') continue
    const { roomId, type } = operation
    const key = accountDataKey(userId, roomId, type)
    const client = sessions.get(userId)
    if (asked.has(key) || client === undefined) continue
    asked.add(key)
    const place = roomId === undefined ? '' : `rooms/${encodeURIComponent(roomId)}/`
    const answer = await client.request('GET', `v3/user/${encodeURIComponent(userId)}/${place}account_data/${encodeURIComponent(type)}`)
    if (answer.status === 404) continue
    if (answer.status !== 200 || !isObject(answer.body)) throw new MatrixError(`GET account data ${type}`, answer)
    found.set(key, objectAt(answer.body))
  }
  return found
}

async function tryTokens({ reader, entries }: Lookout): Promise<Map<string, boolean>> {
  const live = new Map<string, boolean>()
  for (const { operation } of entries) {
    if (operation.kind !== 'logout' || live.has(operation.accessToken)) continue
    const headers = { authorization: `Bearer ${operation.accessToken}` }
    const answer = await reader.origin.request({ method: 'GET', path: '/_matrix/client/v3/account/whoami', headers })
    if (answer.status !== 200 && answer.status !== 401) throw new MatrixError('GET whoami', answer)
    live.set(operation.accessToken, answer.status === 200)
  }
  return live
}
