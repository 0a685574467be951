// Goal: rooms are made, spoken in and changed as the rules allow, survive a restart, and answer repetitions alike.
// Method: the engine on a real SQLite file; every room version; a second engine on the same file is the restart.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseKeyId, parseServerName, parseUserId, signingKeyFromSeed, supportedRoomVersions, type UserId } from '@causeway/events'
import { realClock } from '../../platform/clock.ts'
import { realRandom } from '../../platform/random.ts'
import { openSqlite } from '../../storage/sqlite/open-sqlite.ts'
import { liveEventsBackwards } from '../../storage/tables/events.ts'
import { RoomEngine } from '../engine/room-engine.ts'
import { TransactionMemory } from '../engine/transaction-memory.ts'
import { changeMembership } from './change-membership.ts'
import { createRoom, type CreateRoomCommand } from './create-room.ts'
import { sendEvent } from './send-event.ts'

function user(name: string): UserId {
  const id = parseUserId(`@${name}:here`)
  assert.ok(id)
  return id
}

async function open(folder: string) {
  const serverName = parseServerName('here')
  const keyId = parseKeyId('ed25519:a')
  assert.ok(serverName && keyId)
  const db = await openSqlite({ path: join(folder, 'a.db'), soon: (run) => void setImmediate(run) })
  const signer = { serverName, key: signingKeyFromSeed(keyId, new Uint8Array(32).fill(7)) }
  const ports = {
    db,
    serverName,
    signer,
    clock: realClock,
    random: realRandom(),
    erased: { ready: async () => undefined, has: () => false },
    onStateReset: () => {},
    audienceOf: async () => ({ tally: () => ({ counts: undefined, actions: [] }) }),
  }
  return { db, engine: new RoomEngine(ports, 1e8), transactions: new TransactionMemory(db) }
}

function plan(roomVersion: string): CreateRoomCommand {
  return {
    creator: user('alice'),
    roomVersion,
    creationContent: {},
    alias: undefined,
    published: false,
    preset: 'public_chat',
    powerLevelOverride: undefined,
    initialState: [],
    name: 'Hall',
    topic: undefined,
    invite: [],
    isDirect: false,
    creatorProfile: { displayname: 'Alice' },
    additionalCreators: [],
    localInvites: [],
  }
}

for (const version of supportedRoomVersions) {
  test(`a room of version ${version} works and survives a restart`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'causeway-'))
    const first = await open(folder)
    const roomId = await createRoom(first.engine, 32, plan(version))
    await changeMembership(first.engine, { roomId, sender: user('bob'), target: user('bob'), action: 'join' })
    const key = { session: 1, operation: 'send', parts: [roomId, 'm.room.message', 't1'] }
    const say = (at: typeof first, body: string) =>
      sendEvent(at.engine, at.transactions, {
        roomId,
        sender: user('bob'),
        type: 'm.room.message',
        content: { body, msgtype: 'm.text' },
        transaction: { key, txnId: 't1' },
      })
    const [id, again] = await Promise.all([say(first, 'first words'), say(first, 'second words')])
    assert.equal(again, id)
    await assert.rejects(changeMembership(first.engine, { roomId, sender: user('bob'), target: user('alice'), action: 'kick' }), {
      code: 'M_FORBIDDEN',
    })
    const redaction = await sendEvent(first.engine, first.transactions, {
      roomId,
      sender: user('bob'),
      type: 'm.room.redaction',
      content: {},
      redacts: id,
    })
    const before = await first.engine.view(roomId)
    await first.db.close()

    const second = await open(folder)
    assert.equal(await say(second, 'three'), id)
    const view = await second.engine.view(roomId)
    assert.deepEqual(view?.tips, before?.tips)
    assert.deepEqual([...(view?.current.state.entries() ?? [])], [...(before?.current.state.entries() ?? [])])
    assert.equal(view?.joinedMembers, 2)
    const rows = await liveEventsBackwards(second.db, 32, 0, 1000, 100)
    const redacted = rows.find((row) => row.event_id === id)
    assert.ok(rows.some((row) => row.event_id === redaction) && redacted !== undefined)
    assert.ok(!Buffer.from(redacted.json).toString().includes('first words') && redacted.redacted_by !== null)
    await second.db.close()
    rmSync(folder, { recursive: true })
  })
}
