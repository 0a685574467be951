// Goal: whoever follows /sync, by whatever filter and with whatever pauses, knows a room's state as the server does, forks and restarts
// included.
// Method: random histories from a seed, told by two servers; clients that apply what they are told are compared with the room.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventId, RoomId } from '@causeway/events'
import { loadEvents } from '../rooms/engine/load-room.ts'
import { dan, fromThere } from './foreign-events.fixture.ts'
import { seeded } from './seeded.fixture.ts'
import { alice, bob, World, type RoomJson } from './sync.fixture.ts'

/** A client that knows what `state_after` told it. */
class Client {
  readonly filter: object
  readonly state = new Map<string, string>()
  since: string | undefined = undefined
  readonly seen: string[] = []

  constructor(filter: object) {
    this.filter = filter
  }

  async sync(world: World, room: RoomId): Promise<void> {
    const first = this.since === undefined ? {} : { since: this.since }
    const answer = await world.sync(alice, { ...first, filter: this.filter, stateAfter: true })
    this.since = answer.next
    const part: RoomJson | undefined = answer.room('join', room)
    for (const { type, state_key: key, event_id: id } of part?.state_after?.events ?? []) this.state.set(`${type} ${key ?? ''}`, id)
    this.seen.push(...(part?.timeline.events.map(({ event_id: id }) => id) ?? []))
  }
}

async function stateOf(world: World, room: RoomId): Promise<Map<string, string>> {
  const view = await world.engine.view(room)
  assert.ok(view !== undefined)
  const numbers = [...view.current.state.entries()].map(([, event]) => event)
  const events = await loadEvents(world.ports.db, view, numbers)
  return new Map(events.map(({ pdu }) => [`${pdu.type} ${pdu.stateKey ?? ''}`, pdu.eventId]))
}

const sorted = (state: ReadonlyMap<string, string>): readonly (readonly [string, string])[] => [...state].sort()
const types = ['m.room.topic', 'm.room.name', 'm.room.avatar'] as const

/** One random thing; gives the event. */
async function act(world: World, room: RoomId, tips: EventId[], random: (below: number) => number): Promise<EventId> {
  const type = types[random(types.length)] ?? 'm.room.topic'
  const from = tips[tips.length - 1 - random(Math.min(tips.length, 6))]
  switch (random(6)) {
    case 0:
      return world.say(room, alice, 'hello')
    case 1:
      return world.send(room, alice, type, { value: tips.length }, '')
    case 2:
      return world.send(room, bob, 'm.room.member', { membership: 'join', displayname: `bob ${tips.length}` }, bob)
    case 3:
      return fromThere(world, room, from === undefined ? [] : [from], 'm.room.message', { body: `from there ${tips.length}` })
    default:
      return fromThere(world, room, from === undefined ? [] : [from], type, { value: -tips.length }, '')
  }
}

for (const seed of [1, 2, 3, 4]) {
  test(`clients know the state of a room with forks, seed ${seed}`, async (t) => {
    const random = seeded(seed)
    let world = await World.open(t)
    const room = await world.room(alice, { powerLevelOverride: { users: { [alice]: 100, [bob]: 50, [dan]: 50 } } })
    await world.member(room, bob, 'join')
    const tip = (await world.engine.view(room))?.tips[0]?.eventId
    assert.ok(tip !== undefined)
    const tips = [await fromThere(world, room, [tip], 'm.room.member', { membership: 'join' }, dan)]
    const limits = [0, 1, 3, 100]
    const clients = limits.map((limit) => new Client({ room: { timeline: { limit, not_types: limit === 3 ? ['m.room.topic'] : [] } } }))
    for (const client of clients) await client.sync(world, room)
    const told = new Set(clients[3]?.seen)
    const sent = new Set<string>()
    for (let step = 1; step <= 60; step += 1) {
      const id = await act(world, room, tips, random)
      tips.push(id)
      sent.add(id)
      for (const client of clients) if (random(3) === 0) await client.sync(world, room)
      if (step % 25 === 0) world = await World.open(t, {}, await world.close())
    }
    const expected = sorted(await stateOf(world, room))
    for (const [index, client] of [...clients, new Client({})].entries()) {
      await client.sync(world, room)
      assert.deepEqual(sorted(client.state), expected, `limit ${limits[index] ?? 'none'}`)
    }
    // Who was never limited has seen each event once.
    const seen = (clients[3]?.seen ?? []).filter((id) => !told.has(id))
    assert.deepEqual(seen.toSorted(), [...sent].toSorted())
  })
}
