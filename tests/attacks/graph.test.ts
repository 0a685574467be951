// Goal: whatever graph a peer makes of a room's events, the work stays bounded, the room stays usable, and what can be decided in the
// end is.
// Method: an evil peer in a room of a real server sends forks and events without a past; it counts what it is asked, and looks at what
// the server builds on.
import assert from 'node:assert/strict'
import { arrayAt } from '../../packages/testkit/src/client/json.ts'
import { battlefield } from '../../packages/testkit/src/evil-peer/battlefield.ts'
import type { EvilPeer } from '../../packages/testkit/src/evil-peer/evil-peer.ts'
import { EvilRoom } from '../../packages/testkit/src/evil-peer/evil-room.ts'
import type { Forged } from '../../packages/testkit/src/evil-peer/forge.ts'
import { scene, text } from './scene.ts'

const attack = battlefield()

/** Events that all follow the room's tips as they are now: messages, and changes of a profile. */
function forks(room: EvilRoom, count: number): Forged[] {
  return Array.from({ length: count }, (_, n) => {
    const sender = room.sender
    if (n % 2 === 0) return room.event({ ...text(`fork ${n}`), sender })
    return room.event({ type: 'm.room.member', state_key: sender, sender, content: { membership: 'join', displayname: `fork ${n}` } })
  })
}

async function sendAll(room: EvilRoom, events: readonly Forged[]): Promise<void> {
  for (let at = 0; at < events.length; at += 50) await room.send(...events.slice(at, at + 50))
}

/** The prev events of the victim's event, as it came to the peer. */
function prevOf(evil: EvilPeer, body: string): Promise<readonly unknown[]> {
  return evil.until(`the message ${body}`, () => {
    const found = evil.pdus.find((pdu) => JSON.stringify(pdu['content']).includes(body))
    return found === undefined ? undefined : arrayAt(found, 'prev_events')
  })
}

attack('D14: a thousand forks are taken up, and the room goes on', async (field) => {
  const { alice, evil, room } = await scene(field)
  const events = forks(room, 1_000)
  await sendAll(room, events)
  await alice.waitForEvent(room.roomId, events.at(-1)?.eventId ?? '')
  await alice.sendText(room.roomId, 'after the forks')
  assert.ok((await prevOf(evil, 'after the forks')).length <= 10)
  // At rest no more are left than an event can follow.
  await alice.sendText(room.roomId, 'and once more')
  assert.equal((await prevOf(evil, 'and once more')).length, 1)
  // The events that take them up are nothing to look at.
  const shown = [await alice.call('GET', 'v3/sync'), (await alice.messages(room.roomId, { limit: 100 })).events]
  assert.ok(!JSON.stringify(shown).includes('dummy_event'))
})

attack('D14: where none of our users may say anything, forks cost no other room anything, and the room still resolves', async (field) => {
  const { alice, room } = await scene(field)
  const levels = { users: { [alice.userId]: 0, [room.sender]: 50 }, events_default: 50, state_default: 50 }
  const demoted = await alice.sendState(room.roomId, 'm.room.power_levels', levels)
  await room.peer.until('the power levels', () => room.peer.pdus.find((pdu) => pdu['type'] === 'm.room.power_levels'))
  room.learn(room.peer.pdus.find((pdu) => pdu['type'] === 'm.room.power_levels'))
  assert.ok(room.tips.includes(demoted))
  const events = forks(room, 200)
  await sendAll(room, events)
  await alice.waitForEvent(room.roomId, events.at(-1)?.eventId ?? '')
})

attack('D12, D13: events without a past are few questions, and are shown once it comes, by whatever way', async (field) => {
  const { alice, evil, room } = await scene(field)
  // The peer says nothing of what is missing.
  const takeBack = evil.onPath(/get_missing_events|state_ids|\/state\/|backfill|event_auth|\/event\//u, () => ({ status: 404, body: {} }))
  const missing = room.message('the missing one')
  const orphans = Array.from({ length: 60 }, (_, n) => room.event(text(`orphan ${n}`)))
  await sendAll(room, orphans)
  const asked = (): number => evil.asked(/get_missing_events|state_ids|\/state\/|backfill|\/event\//u).length
  await evil.until('questions', () => asked() > 0)
  const later = await alice.sendText(room.roomId, 'meanwhile')
  await alice.waitForEvent(room.roomId, later)
  const { events } = await alice.messages(room.roomId)
  assert.ok(!events.some((event) => orphans.some(({ eventId }) => eventId === event.eventId)))
  await room.send(missing)
  await evil.until('the orphans', async () => {
    const page = await alice.messages(room.roomId, { limit: 100 })
    const shown = new Set(page.events.map((event) => event.eventId))
    return orphans.every(({ eventId }) => shown.has(eventId))
  })
  assert.ok(asked() < 20, `${asked()} questions`)
  takeBack()
})

attack('S13: a redaction that comes before its event holds, though one without power comes later', async (field) => {
  const { alice, evil, room } = await scene(field)
  const stranger = await field.peer('127.0.0.2')
  const beside = await EvilRoom.join(stranger, 'eve', room.roomId)
  const slip = room.event(text('a slip'))
  const redaction = { type: 'm.room.redaction', content: { redacts: slip.eventId } }
  const allowed = room.next(redaction)
  await room.send(allowed)
  await alice.waitForEvent(room.roomId, allowed.eventId)
  const refused = beside.next(redaction)
  await beside.send(refused)
  await alice.waitForEvent(room.roomId, refused.eventId)
  await room.send(slip)
  await evil.until('the slip', async () => (await alice.messages(room.roomId)).events.some((event) => event.eventId === slip.eventId))
  assert.deepEqual((await alice.event(room.roomId, slip.eventId)).content, {})
})
