// Goal: unread counts, of threads and of the main timeline, equal a recount from events, receipts and rules as of the event.
// Method: random operations in a room of four users with three sets of rules, by seeds; a model keeps plain lists and counts
// them from scratch. Counts are compared in a warm process and in one that has just started on the same file.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  compileRules,
  evaluate,
  PushEvent,
  threadRules,
  withDefaultRules,
  type CompiledRules,
  type EventId,
  type JsonObject,
  type RoomId,
  type UserId,
} from '@causeway/events'
import { user, World } from '../../sync/sync.fixture.ts'
import { subscribeThread } from '../commands/subscribe-thread.ts'
import type { StoredEvent } from '../engine/stored-event.ts'
import type { UserRules } from '../push/push-audience.ts'

const defaults = compileRules(withDefaultRules({}))
const muted = compileRules(
  withDefaultRules({ override: [{ rule_id: 'quiet', default: false, enabled: true, conditions: [], actions: [] }] }),
)
const keyword = compileRules(
  withDefaultRules({
    content: [{ rule_id: 'word', default: false, enabled: true, pattern: 'lunch', actions: ['notify', { set_tweak: 'highlight' }] }],
  }),
)
const byThread = compileRules(withDefaultRules({}, new Map(threadRules.map(({ rule_id }) => [rule_id, { enabled: true }]))))
const users: readonly (readonly [UserId, UserRules])[] = [
  [user('alice'), { classId: 1, rules: defaults }],
  [user('bob'), { classId: 1, rules: defaults }],
  [user('carol'), { classId: 2, rules: muted }],
  [user('dave'), { classId: 2 ** 48, rules: keyword }],
  [user('erin'), { classId: 3, rules: byThread }],
  [user('frank'), { classId: 3, rules: byThread }],
]
const rulesOf = new Map(users)
const [alice, bob, carol, dave, erin, frank] = users.map(([id]) => id) as [UserId, UserId, UserId, UserId, UserId, UserId]

function rulesFor(id: UserId): UserRules {
  const rules = rulesOf.get(id)
  assert.ok(rules !== undefined)
  return rules
}

/** Mulberry32. */
function seeded(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

interface Said {
  readonly id: EventId
  readonly pos: number
  readonly sender: UserId
  readonly thread: string
  /** The end of its relations: where a thread may begin. */
  readonly origin: string
  readonly outcomes: ReadonlyMap<UserId, { readonly notify: boolean; readonly highlight: boolean }>
}

interface Counts {
  readonly notifications: number
  readonly highlights: number
}

/** Plain lists of what happened, and counts made from scratch. */
class Model {
  readonly said: Said[] = []
  readonly receipts: { readonly userId: UserId; readonly thread: string; readonly pos: number }[] = []
  readonly joined = new Map<UserId, number>()
  /** Thread roots and users. */
  readonly subscriptions = new Set<string>()

  take(event: StoredEvent): void {
    const { pdu, pos } = event
    assert.ok(pos !== undefined)
    const relates = pdu.content['m.relates_to'] as { rel_type: string; event_id: string } | undefined
    const parent = this.said.find(({ id }) => id === relates?.event_id)
    const thread = relates === undefined ? 'main' : relates.rel_type === 'm.thread' ? relates.event_id : (parent?.thread ?? 'main')
    const facts = { memberCount: 6, senderPower: 0, notificationLevel: () => 50 }
    const outcomeFor = (id: UserId, rules: CompiledRules) => {
      const threadSubscription = this.subscriptions.has(`${thread} ${id}`)
      return evaluate(rules, new PushEvent(pdu), { ...facts, userId: id, ...(thread === 'main' ? {} : { threadSubscription }) })
    }
    const outcomes = new Map(users.map(([id, { rules }]) => [id, outcomeFor(id, rules)]))
    this.said.push({ id: pdu.eventId, pos, sender: pdu.sender, thread, origin: parent?.origin ?? pdu.eventId, outcomes })
    if (pdu.type === 'm.room.member' && pdu.content['membership'] === 'join') this.joined.set(pdu.stateKey as UserId, pos)
  }

  /** By thread; `main` is the main timeline. */
  counts(userId: UserId): Map<string, Counts> {
    const own = this.receipts.filter((receipt) => receipt.userId === userId)
    const newest = (thread: string) => Math.max(0, ...own.filter((receipt) => receipt.thread === thread).map(({ pos }) => pos))
    const floor = Math.max(this.joined.get(userId) ?? 0, newest(''))
    const counts = new Map<string, Counts>()
    for (const thread of new Set(this.said.map((said) => said.thread))) {
      const inThread = this.said.filter((said) => said.thread === thread)
      const sent = Math.max(0, ...inThread.filter(({ sender }) => sender === userId).map(({ pos }) => pos))
      const read = Math.max(floor, newest(thread), sent)
      const outcomes = inThread.filter(({ pos }) => pos > read).map((said) => said.outcomes.get(userId))
      const notifications = outcomes.filter((outcome) => outcome?.notify === true).length
      const highlights = outcomes.filter((outcome) => outcome?.highlight === true).length
      if (thread === 'main' || notifications + highlights > 0) counts.set(thread, { notifications, highlights })
    }
    return counts
  }
}

/** One random thing that somebody does. */
async function act(world: World, room: RoomId, model: Model, random: (below: number) => number): Promise<void> {
  const members = users.map(([id]) => id).filter((id) => model.joined.has(id))
  const who = members[random(members.length)] ?? alice
  const target = model.said[model.said.length - 1 - random(Math.min(model.said.length, 12))]
  assert.ok(target !== undefined)
  const mention = random(4) === 0 ? { 'm.mentions': { user_ids: [users[random(users.length)]?.[0] ?? alice] } } : {}
  const content: JsonObject = { msgtype: 'm.text', body: random(3) === 0 ? 'time for lunch' : 'hello', ...mention }
  const relates = (type: string, id: string): JsonObject => ({ ...content, 'm.relates_to': { rel_type: type, event_id: id } })
  const roots = model.said.filter(({ id, origin, thread }) => id === origin && thread === 'main')
  switch (random(11)) {
    case 0:
    case 1:
      await world.send(room, who, 'm.room.message', content)
      return
    case 2:
    case 3:
    case 4: {
      const root = roots[roots.length - 1 - random(Math.min(roots.length, 4))]
      if (root !== undefined) await world.send(room, who, 'm.room.message', relates('m.thread', root.id))
      return
    }
    case 5:
      await world.send(room, who, 'm.room.message', relates('m.reference', target.id))
      return
    case 6:
      await world.member(room, dave, model.joined.has(dave) ? 'leave' : 'join')
      if (model.joined.has(dave)) model.joined.delete(dave)
      return
    case 7:
    case 8: {
      const userId = [erin, frank, bob][random(3)] ?? erin
      const root = roots[roots.length - 1 - random(Math.min(roots.length, 4))]
      const subscribed = random(3) > 0
      if (root === undefined) return
      await subscribeThread(
        { engine: world.engine, turnOnThreadRules: async () => {} },
        { roomId: room, userId, root: root.id, subscribed },
      )
      if (subscribed) model.subscriptions.add(`${root.id} ${userId}`)
      else model.subscriptions.delete(`${root.id} ${userId}`)
      return
    }
    default: {
      const thread = ['', 'main', target.thread][random(3)] ?? ''
      if (thread === 'main' && target.thread !== 'main') return
      const type = random(2) === 0 ? 'm.read' : 'm.read.private'
      await world.layer.readMarkers.set({ roomId: room, userId: who, type, eventId: target.id, thread })
      model.receipts.push({ userId: who, thread, pos: target.pos })
    }
  }
}

async function compare(world: World, room: RoomId, model: Model, told: string): Promise<void> {
  const view = await world.engine.view(room)
  assert.ok(view !== undefined)
  for (const [userId, joinedPos] of model.joined) {
    const { main, threads, ...all } = await world.layer.unread.of(view, userId, view.livePos, joinedPos)
    const expected = model.counts(userId)
    assert.deepEqual({ main, ...Object.fromEntries(threads) }, Object.fromEntries(expected), `${told}: ${userId}`)
    assert.equal(
      all.notifications,
      expected.values().reduce((sum, { notifications }) => sum + notifications, 0),
    )
  }
}

const rules = { of: async (id: UserId) => rulesFor(id), version: 1 }
const options = { rules, classOf: async (id: UserId) => rulesFor(id).classId }

for (const seed of [1, 2, 3]) {
  test(`counts are what a recount gives, seed ${seed}`, async (t) => {
    const random = seeded(seed)
    let world = await World.open(t, options)
    const room = await world.room(alice)
    for (const member of [bob, carol, dave, erin, frank]) await world.member(room, member, 'join')
    const model = new Model()
    let taken = 0
    const follow = async (): Promise<void> => {
      const view = await world.engine.view(room)
      for (const event of view?.recent ?? []) {
        if (event.pos === undefined || event.pos <= taken) continue
        model.take(event)
        taken = event.pos
      }
    }
    await follow()
    for (let step = 1; step <= 120; step += 1) {
      await act(world, room, model, random)
      await follow()
      await compare(world, room, model, `step ${step}`)
      if (step % 50 !== 0) continue
      world = await World.open(t, options, await world.close())
      await compare(world, room, model, `started anew at step ${step}`)
    }
  })
}
