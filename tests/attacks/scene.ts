import assert from 'node:assert/strict'
import type { MatrixClient } from '../../packages/testkit/src/client/matrix-client.ts'
import type { Field } from '../../packages/testkit/src/evil-peer/battlefield.ts'
import type { EvilPeer } from '../../packages/testkit/src/evil-peer/evil-peer.ts'
import { EvilRoom, type EventFields } from '../../packages/testkit/src/evil-peer/evil-room.ts'
import type { Forged } from '../../packages/testkit/src/evil-peer/forge.ts'
import { serveRoom } from '../../packages/testkit/src/evil-peer/serve-room.ts'

/** What most attacks begin with. */
export interface Scene {
  readonly alice: MatrixClient
  readonly evil: EvilPeer
  readonly room: EvilRoom
}

/** A room of the victim's with somebody of the peer in it, who serves what is asked about it. */
export async function scene({ user, peer }: Field, version = '11'): Promise<Scene> {
  const [alice, evil] = [await user('alice'), await peer()]
  const room = await EvilRoom.join(evil, 'mallory', await alice.createRoom({ preset: 'public_chat', room_version: version }))
  serveRoom(evil, room)
  return { alice, evil, room }
}

/** Send events that must not be taken, with an honest message after them that must. None of the former may be seen. */
export async function sendWithHonest({ alice, room }: Scene, ...bad: readonly Forged[]): Promise<void> {
  const honest = room.message('honest')
  await room.send(...bad, honest)
  await alice.waitForEvent(room.roomId, honest.eventId)
  const { events } = await alice.messages(room.roomId)
  for (const { eventId } of bad) {
    assert.ok(!events.some((event) => event.eventId === eventId), `${eventId} is in the room`)
  }
}

/** The fields of a message. */
export function text(body: unknown): EventFields {
  return { type: 'm.room.message', content: { msgtype: 'm.text', body } }
}
