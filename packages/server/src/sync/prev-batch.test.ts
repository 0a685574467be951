// Goal: what a timeline does not tell is what paging back from its `prev_batch` gives: no event is missing and none comes twice, however
// small the timeline, whatever the filter and the reader's rights, with forks older than what is in memory, across restarts, and while
// more is said.
// Method: random histories from a seed, told by two servers. At random moments each reader asks for /sync with or without `since` and
// pages back from there; both together are compared with all that the reader may see of the room at that moment.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventId, RoomId, UserId } from '@causeway/events'
import { parseEventFilter } from '../rooms/history/event-filter.ts'
import { readMessages } from '../rooms/history/read-messages.ts'
import { dan, fromThere } from './foreign-events.fixture.ts'
import { seeded } from './seeded.fixture.ts'
import { alice, bob, World } from './sync.fixture.ts'
import { placeOfToken } from './token-place.ts'

/** Who asks, for what. */
interface Reader {
  readonly userId: UserId
  readonly limit: number
  readonly filter: object
  since?: string
}

const idOf = (json: string): string => String(JSON.parse(json).event_id)

/** All events that paging back from a token gives, newest first; `between` happens after each page. */
async function pagesFrom(
  world: World,
  room: RoomId,
  { userId, filter }: Reader,
  token: string | undefined,
  size: number,
  between: () => Promise<void>,
): Promise<string[]> {
  const { reading, sync } = world.layer
  const ids: string[] = []
  for (let from = token; ;) {
    const place = from === undefined ? undefined : await placeOfToken(reading, sync.tokens, room, from, 'late')
    const wish = { direction: 'b', from: place, to: undefined, limit: size, filter: parseEventFilter(filter, 'filter') } as const
    const page = await readMessages(reading, room, userId, world.reading(userId), wish)
    ids.push(...page.chunk.map(idOf))
    if (page.end === undefined) return ids
    from = sync.tokens.place(page.end)
    await between()
  }
}

/** Sync and page back, and compare with all that there is. */
async function check(world: World, room: RoomId, reader: Reader, between: () => Promise<void>): Promise<void> {
  const all = await pagesFrom(world, room, reader, undefined, 500, async () => {})
  const { userId, limit, filter, since } = reader
  const wish = { filter: { room: { timeline: { ...filter, limit } } } }
  const answer = await world.sync(userId, since === undefined ? wish : { ...wish, since })
  reader.since = answer.next
  const timeline = answer.room('join', room)?.timeline
  const told = timeline?.events.map((event) => event.event_id) ?? []
  const prev = timeline?.prev_batch ?? answer.next
  const older = await pagesFrom(world, room, reader, prev, 1 + limit, between)
  assert.deepEqual(
    [...told, ...older].toSorted(),
    all.toSorted(),
    `${userId}, limit ${limit}, ${since === undefined ? 'at first' : 'since'}`,
  )
  // The token of the stream itself leads back to everything.
  assert.deepEqual((await pagesFrom(world, room, reader, answer.next, 7, between)).toSorted(), all.toSorted())
}

for (const seed of [1, 2, 3]) {
  test(`timelines and what is before them, seed ${seed}`, async (t) => {
    const random = seeded(seed)
    let world = await World.open(t)
    const visibility = { type: 'm.room.history_visibility', stateKey: '', content: { history_visibility: 'joined' } }
    const room = await world.room(alice, { initialState: seed === 2 ? [visibility] : [] })
    const tip = (await world.engine.view(room))?.tips[0]?.eventId
    assert.ok(tip !== undefined)
    const tips = [await fromThere(world, room, [tip], 'm.room.member', { membership: 'join' }, dan)]
    /** A branch of the other server, that goes on below what was said here meanwhile. */
    let branch = tips[0]
    const say = async (action: number, body: string): Promise<EventId> => {
      if (action < 8) return world.say(room, alice, body)
      if (action < 9) return fromThere(world, room, [tips.at(-1 - random(Math.min(tips.length, 50))) ?? tip], 'm.room.message', { body })
      if (action > 14) return world.send(room, alice, 'm.room.topic', { topic: body }, '')
      branch = await fromThere(world, room, [branch ?? tip], 'm.room.message', { body })
      return branch
    }
    const act = async (): Promise<void> => {
      const body = `${tips.length}`
      tips.push(await say(random(16), body))
    }
    for (let step = 0; step < 50; step += 1) await act()
    await world.member(room, bob, 'join')
    const readers: Reader[] = [alice, bob].flatMap((userId) => [
      { userId, limit: 0, filter: {} },
      { userId, limit: 1, filter: {} },
      { userId, limit: 4, filter: { not_types: ['m.room.message'] } },
      { userId, limit: 10, filter: { not_senders: [alice] } },
    ])
    for (let step = 1; step <= 50; step += 1) {
      await act()
      const reader = readers[random(readers.length)]
      if (reader !== undefined && random(5) === 0) await check(world, room, reader, async () => void (random(4) === 0 && (await act())))
      if (step % 20 === 0) {
        world = await World.open(t, {}, await world.close())
        branch = tips[tips.length - 1 - random(60)]
      }
    }
    for (const reader of readers) {
      await check(world, room, reader, async () => {})
      await check(world, room, { userId: reader.userId, limit: reader.limit, filter: reader.filter }, async () => {})
    }
  })
}
