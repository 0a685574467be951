import assert from 'node:assert/strict'
import {
  buildEvent,
  eventReference,
  parseKeyId,
  parseServerName,
  signingKeyFromSeed,
  type EventId,
  type JsonObject,
  type RoomId,
} from '@causeway/events'
import { loadNode } from '../rooms/engine/load-room.ts'
import { placeEvent } from '../rooms/engine/place-event.ts'
import { RoomUnit } from '../rooms/engine/room-unit.ts'
import { standing } from '../rooms/engine/stored-event.ts'
import { stateFor } from '../rooms/engine/view-state.ts'
import { user, type World } from './sync.fixture.ts'

/** Somebody of another server. */
export const dan = user('dan', 'there')

/** Place an event as one of another server: on `prev`, judged accepted. */
export async function fromThere(
  world: World,
  roomId: RoomId,
  prev: readonly EventId[],
  type: string,
  content: JsonObject,
  stateKey?: string,
): Promise<EventId> {
  const serverName = parseServerName('there')
  const keyId = parseKeyId('ed25519:b')
  assert.ok(serverName && keyId)
  const signer = { serverName, key: signingKeyFromSeed(keyId, new Uint8Array(32).fill(9)) }
  const sent = await world.engine.run(roomId, async (view) => {
    const known = prev.map((id) => view.numberOf(id)).map((number) => (number === undefined ? undefined : view.event(number)))
    const before = known[0] === undefined ? view.current : await loadNode(world.ports.db, view, known[0].stateAfter)
    const auth = await stateFor(world.ports.db, view, before, [
      ['m.room.create', ''],
      ['m.room.power_levels', ''],
      ['m.room.member', dan],
    ])
    const built = buildEvent(
      {
        roomId,
        type,
        stateKey,
        sender: dan,
        content,
        originServerTs: world.clock.now(),
        depth: 50,
        prevEvents: prev.map((eventId) => ({ eventId })),
        authEvents: auth.pdus.map((pdu) => eventReference(pdu, view.rules)),
      },
      view.rules,
      signer,
    )
    assert.ok(built.ok)
    const unit = new RoomUnit(world.engine.ports, view)
    await placeEvent(world.engine.ports, view, unit, { pdu: built.pdu, standing: standing.accepted, stateBefore: before })
    const committed = unit.commit()
    world.engine.holdUntil(view, committed)
    return { eventId: built.pdu.eventId, committed }
  })
  await sent.committed
  return sent.eventId
}
