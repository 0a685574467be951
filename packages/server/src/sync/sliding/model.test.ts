// Goal: a client that follows sliding sync alone comes to see the same rooms, timelines, state, members and counts as one on /sync.
// Method: a random history, on a seed that is told when it fails; the sliding client looks through windows that move, loses
// answers, repeats requests and begins anew; at the end it looks at everything and is compared with a first /sync.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RoomId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { locateEvent } from '../../rooms/history/room-membership.ts'
import { alice, bob, user, World, type EventJson } from '../sync.fixture.ts'
import { list, Sliding, type EntryJson, type SlidingJson } from './sliding.fixture.ts'

const carol = user('carol')

/** Small whole numbers from a seed (a linear congruential generator). */
class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  below(bound: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((this.#state / 2 ** 32) * bound)
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)]
    assert.ok(item !== undefined)
    return item
  }
}

interface RoomModel {
  membership: string
  timeline: string[]
  readonly state: Map<string, string>
  joined: number
  invited: number
  notifications: number
  highlights: number
}

/** What a client makes of the answers that it gets. */
class SlidingClient {
  rooms = new Map<string, RoomModel>()
  pos: string | undefined

  take(answer: SlidingJson): void {
    this.pos = answer.pos
    for (const [roomId, entry] of Object.entries(answer.rooms)) this.#takeRoom(roomId, entry)
  }

  /** Begin anew: nothing is kept. */
  reset(): void {
    this.rooms = new Map()
    this.pos = undefined
  }

  #takeRoom(roomId: string, entry: EntryJson): void {
    const known = entry.initial === true ? undefined : this.rooms.get(roomId)
    assert.ok(known !== undefined || entry.initial === true, 'a room begins with an initial entry')
    const room = known ?? { membership: '', timeline: [], state: new Map(), joined: 0, invited: 0, notifications: 0, highlights: 0 }
    room.membership = entry.membership
    const ids = (entry.timeline ?? []).map((event) => event.event_id)
    const begun = entry.limited === true || entry.unstable_expanded_timeline === true ? [] : room.timeline
    for (const id of ids) assert.ok(!begun.includes(id), 'no event comes twice')
    room.timeline = [...begun, ...ids]
    for (const event of entry.required_state ?? []) room.state.set(keyOf(event), event.event_id)
    room.joined = entry.joined_count ?? room.joined
    room.invited = entry.invited_count ?? room.invited
    room.notifications = entry.notification_count
    room.highlights = entry.highlight_count
    this.rooms.set(roomId, room)
  }
}

function keyOf(event: EventJson): string {
  return `${event.type} ${event.state_key}`
}

/** Do something; what is not allowed is refused, and that is fine. */
async function act(world: World, dice: Dice, rooms: RoomId[], step: number): Promise<void> {
  const actor = dice.pick([alice, alice, carol, bob])
  const room = dice.pick(rooms)
  const kind = dice.below(14)
  const described = { topic: `t${step}`, name: `n${step}` }
  try {
    if (kind === 0 && rooms.length < 8) rooms.push(await world.room(dice.pick([alice, bob]), { name: `room ${step}` }))
    else if (kind < 6) await world.say(room, actor, `m${step}${dice.below(4) === 0 ? ' bob' : ''}`)
    else if (kind === 6) await world.send(room, actor, dice.pick(['m.room.topic', 'm.room.name']), described, '')
    else if (kind === 7) await world.member(room, dice.pick([bob, carol]), 'invite', alice)
    else if (kind < 10) await world.member(room, dice.pick([bob, bob, carol]), 'join')
    else if (kind === 10) await world.member(room, dice.pick([bob, carol]), 'leave')
    else if (kind === 11) await world.member(room, dice.pick([bob, carol]), dice.pick(['kick', 'ban', 'unban']), alice)
    else if (kind === 12) await world.send(room, actor, 'm.room.member', { membership: 'join', displayname: `d${step}` }, actor)
    else await readNewest(world, room)
  } catch (error) {
    if (!(error instanceof MatrixError)) throw error
  }
}

async function readNewest(world: World, roomId: RoomId): Promise<void> {
  const view = await world.engine.view(roomId)
  const newest = view?.recent.at(-1)?.pdu.eventId
  const located = newest === undefined ? undefined : await locateEvent(world.engine, roomId, newest)
  if (newest === undefined || located === undefined || view?.localJoined.has(bob) !== true) return
  await world.layer.receipts.set({ roomId, userId: bob, type: 'm.read', thread: '', eventId: newest }, located)
}

async function poll(sliding: Sliding, dice: Dice, client: SlidingClient, rooms: readonly RoomId[]): Promise<void> {
  if (dice.below(25) === 0) client.reset()
  const wide = { timeline_limit: 1 + dice.below(6), required_state: [['*', '*']] }
  const subscriptions = dice.below(3) === 0 ? { [dice.pick(rooms)]: wide } : {}
  const state = dice.below(2) === 0 ? wide : { timeline_limit: dice.below(4), required_state: [['m.room.member', '*']] }
  const body = { lists: { all: list({ ranges: [[0, dice.below(4)]], ...state }) }, room_subscriptions: subscriptions }
  const answer = await sliding.ask(bob, body, client.pos === undefined ? {} : { pos: client.pos })
  // One answer in five is lost on the way: the client asks again from where it was.
  if (dice.below(5) !== 0) client.take(answer)
}

for (const seed of [1, 2, 3, 4, 5, 6]) {
  test(`both kinds of sync come to the same, seed ${seed}`, async (t) => {
    const world = await World.open(t)
    const sliding = new Sliding(world)
    const dice = new Dice(seed)
    const client = new SlidingClient()
    const rooms = [await world.room(alice), await world.room(alice)]
    for (let step = 0; step < 150; step += 1) {
      await act(world, dice, rooms, step)
      if (dice.below(4) === 0) await poll(sliding, dice, client, rooms)
    }
    const everything = { lists: { all: list({ ranges: [[0, 99]], timeline_limit: 3, required_state: [['*', '*']] }) } }
    client.take(await sliding.ask(bob, everything, client.pos === undefined ? {} : { pos: client.pos }))
    const whole = await world.sync(bob, { stateAfter: true, filter: { room: { timeline: { limit: 100 } } } })

    const inRooms = (membership: string): string[] =>
      [...client.rooms].flatMap(([id, room]) => (room.membership === membership ? [id] : [])).sort()
    assert.deepEqual(inRooms('join'), Object.keys(whole.json.rooms?.join ?? {}).sort())
    assert.deepEqual(inRooms('invite'), Object.keys(whole.json.rooms?.invite ?? {}).sort())
    for (const [id, joined] of Object.entries(whole.json.rooms?.join ?? {})) {
      const room = client.rooms.get(id)
      assert.ok(room)
      const timeline = joined.timeline.events.map((event) => event.event_id)
      assert.ok(room.timeline.length >= Math.min(3, timeline.length), 'the newest events are there')
      assert.deepEqual(room.timeline.slice(-timeline.length), timeline.slice(-room.timeline.length))
      assert.deepEqual([...room.state].sort(), (joined.state_after?.events ?? []).map((event) => [keyOf(event), event.event_id]).sort())
      assert.equal(room.joined, joined.summary?.['m.joined_member_count'])
      assert.equal(room.invited, joined.summary?.['m.invited_member_count'])
      assert.equal(room.notifications, joined.unread_notifications?.notification_count)
      assert.equal(room.highlights, joined.unread_notifications?.highlight_count)
    }
  })
}
