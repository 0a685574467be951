import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import {
  parseKeyId,
  parseServerName,
  parseUserId,
  signingKeyFromSeed,
  type Pdu,
  type RoomId,
  type RoomRules,
  type Signer,
  type UserId,
} from '@causeway/events'
import { limits } from '../../limits.ts'
import { realClock } from '../../platform/clock.ts'
import { realRandom } from '../../platform/random.ts'
import { openSqlite } from '../../storage/sqlite/open-sqlite.ts'
import { insertRoom } from '../../storage/tables/rooms.ts'
import { storeOutliers } from '../inbound/store-outliers.ts'
import type { EnginePorts } from './engine-ports.ts'
import { loadEvents, loadNumbers, packCheckpoint } from './load-room.ts'
import { writeNode } from './place-event.ts'
import { RoomEngine } from './room-engine.ts'
import { RoomUnit } from './room-unit.ts'
import type { RoomView, StateNode } from './room-view.ts'
import { StateVector } from './state-vector.ts'

/** A server's name with a key. */
export function signerOf(name: string): Signer {
  const serverName = parseServerName(name)
  const keyId = parseKeyId('ed25519:a')
  assert.ok(serverName !== undefined && keyId !== undefined)
  return { serverName, key: signingKeyFromSeed(keyId, new Uint8Array(32).fill(7)) }
}

/** A user of the server whose engine {@link enginePorts} are for. */
export function localUser(localpart: string): UserId {
  const userId = parseUserId(`@${localpart}:here`)
  assert.ok(userId !== undefined)
  return userId
}

/** The ports of an engine on a real SQLite file, which is removed after the test; nobody is notified of anything. */
export async function enginePorts(t: TestContext): Promise<EnginePorts> {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-engine-'))
  const db = await openSqlite({ path: join(folder, 'a.db'), soon: (run) => void setImmediate(run) })
  t.after(async () => {
    await db.close()
    rmSync(folder, { recursive: true })
  })
  const signer = signerOf('here')
  return {
    db,
    serverName: signer.serverName,
    signer,
    clock: realClock,
    random: realRandom(),
    erased: { ready: async () => undefined, has: () => false },
    onStateReset: () => {},
    audienceOf: async () => ({ tally: () => ({ counts: undefined, actions: [] }) }),
  }
}

/** A room of which nothing is known yet. */
export async function foreignRoom(ports: EnginePorts, roomId: RoomId, rules: RoomRules): Promise<RoomEngine> {
  const checkpoint = packCheckpoint({ livePos: 0, currentNode: 0, tips: [] })
  await ports.db.commit({ rows: [{ write: insertRoom, rows: [[32, roomId, 0, rules.version, 0, checkpoint]] }] })
  return anotherEngine(ports)
}

/** An engine on the same database that has nothing in memory: as after a restart. */
export function anotherEngine(ports: EnginePorts): RoomEngine {
  return new RoomEngine(ports, 1e8)
}

/** One job of a room, and what it wrote. */
export async function inRoom<T>(engine: RoomEngine, roomId: RoomId, job: (view: RoomView, unit: RoomUnit) => Promise<T>): Promise<T> {
  const { result, committed } = await engine.run(roomId, async (view) => {
    const unit = new RoomUnit(engine.ports, view)
    const done = await job(view, unit)
    const written = unit.commit()
    engine.holdUntil(view, written)
    return { result: done, committed: written }
  })
  assert.ok((await committed).committed)
  return result
}

/** Keep events apart from the graph. */
export async function keepApart(engine: RoomEngine, roomId: RoomId, pdus: readonly Pdu[]): Promise<void> {
  for (let at = 0; at < pdus.length; at += limits.eventsPerReadMax) {
    await inRoom(engine, roomId, (view, unit) => storeOutliers(engine.ports, view, unit, pdus.slice(at, at + limits.eventsPerReadMax)))
  }
}

/** The state that some events are, which the room has. */
export async function stateOfEvents(engine: RoomEngine, view: RoomView, unit: RoomUnit, pdus: readonly Pdu[]): Promise<StateNode> {
  const { db } = engine.ports
  const ids = pdus.map((pdu) => pdu.eventId)
  const events = await loadEvents(db, view, [...(await loadNumbers(db, view, ids)).values()])
  const state = StateVector.of(events.map((event) => [event.key, event.event] as const))
  const none: StateNode = { node: 0, links: 0, state: StateVector.empty }
  return writeNode(unit, { node: view.nextNumber(), links: limits.stateLinksMax + 1, state }, none)
}
