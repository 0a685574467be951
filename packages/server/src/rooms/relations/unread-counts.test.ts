// Goal: unread counts, of threads and of the main timeline, equal a recount from events, receipts and rules as of the event.
// Method: random operations in a room, changes of rules among them, by seeds; there are more sets of rules than a room counts at once. A model
// keeps plain lists and counts them from scratch. Counts are compared in a warm process and in one that has just started on the same file.
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
import { seeded } from '../../sync/seeded.fixture.ts'
import { user, World } from '../../sync/sync.fixture.ts'
import { subscribeThread } from '../commands/subscribe-thread.ts'
import type { StoredEvent } from '../engine/stored-event.ts'
import type { UserRules } from '../push/push-audience.ts'

interface OwnRules {
  readonly own: Parameters<typeof withDefaultRules>[0]
  readonly changes?: Parameters<typeof withDefaultRules>[1]
}
const word = (pattern: string): OwnRules => {
  const rule = { rule_id: pattern, default: false, enabled: true, pattern, actions: ['notify', { set_tweak: 'highlight' }] }
  return { own: { content: [rule] } }
}
const quiet = { rule_id: 'quiet', default: false, enabled: true, conditions: [], actions: [] }
const changes = new Map(threadRules.map(({ rule_id }) => [rule_id, { enabled: true }]))
const owns: readonly OwnRules[] = [
  { own: {} },
  { own: { override: [quiet] } },
  { own: {}, changes },
  { own: { underride: [quiet] }, changes },
  ...['lunch', 'hello', 'time', 'for', 'nothing', 'never', 'no'].map(word),
]
/** More than a room counts at once. */
const ruleSets: readonly UserRules[] = owns.map(({ own, changes: changed }, index) => {
  return { classId: index === 0 ? 1 : 2 ** 47 + index, rules: compileRules(withDefaultRules(own, changed)) }
})

const users = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'gina', 'hugo', 'iris', 'jack'].map((name) => user(name))
const [alice = user('alice'), bob, , dave = user('dave'), erin, frank] = users

/** Who has which rules; it outlives the server. */
class Rules {
  version = 1
  readonly #of = new Map<UserId, UserRules>()

  constructor() {
    for (const [index, id] of users.entries()) this.set(id, [0, 0, 1, 4, 2, 2, 5, 6, 7, 8][index] ?? 0)
  }

  set(id: UserId, index: number): void {
    const rules = ruleSets[index]
    assert.ok(rules !== undefined)
    this.version += 1
    this.#of.set(id, rules)
  }

  now(id: UserId): UserRules {
    const rules = this.#of.get(id)
    assert.ok(rules !== undefined)
    return rules
  }

  async of(id: UserId): Promise<UserRules> {
    return this.now(id)
  }
}

interface Said {
  readonly id: EventId
  readonly pos: number
  readonly sender: UserId
  readonly isOwnMember: boolean
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
  readonly rules: Rules
  readonly said: Said[] = []
  readonly receipts: { readonly userId: UserId; readonly thread: string; readonly pos: number }[] = []
  readonly joined = new Map<UserId, number>()
  /** Thread roots and users. */
  readonly subscriptions = new Set<string>()

  constructor(rules: Rules) {
    this.rules = rules
  }

  take(event: StoredEvent): void {
    const { pdu, pos } = event
    assert.ok(pos !== undefined)
    const relates = pdu.content['m.relates_to'] as { rel_type: string; event_id: string } | undefined
    const parent = this.said.find(({ id }) => id === relates?.event_id)
    const thread = relates === undefined ? 'main' : relates.rel_type === 'm.thread' ? relates.event_id : (parent?.thread ?? 'main')
    const facts = { memberCount: users.length, senderPower: 0, notificationLevel: () => 50 }
    const outcomeFor = (id: UserId, rules: CompiledRules) => {
      const threadSubscription = this.subscriptions.has(`${thread} ${id}`)
      return evaluate(rules, new PushEvent(pdu), { ...facts, userId: id, ...(thread === 'main' ? {} : { threadSubscription }) })
    }
    const outcomes = new Map(users.map((id) => [id, outcomeFor(id, this.rules.now(id).rules)]))
    this.said.push({
      id: pdu.eventId,
      pos,
      sender: pdu.sender,
      isOwnMember: pdu.stateKey === pdu.sender,
      thread,
      origin: parent?.origin ?? pdu.eventId,
      outcomes,
    })
    if (pdu.type === 'm.room.member' && pdu.content['membership'] === 'join') {
      const userId = pdu.stateKey as UserId
      if (!this.joined.has(userId)) this.joined.set(userId, pos)
    }
  }

  /** By thread; `main` is the main timeline. */
  counts(userId: UserId): Map<string, Counts> {
    const own = this.receipts.filter((receipt) => receipt.userId === userId)
    const newest = (thread: string) => Math.max(0, ...own.filter((receipt) => receipt.thread === thread).map(({ pos }) => pos))
    const floor = Math.max(this.joined.get(userId) ?? 0, newest(''))
    const counts = new Map<string, Counts>()
    for (const thread of new Set(this.said.map((said) => said.thread))) {
      const inThread = this.said.filter((said) => said.thread === thread)
      const sent = Math.max(0, ...inThread.filter(({ sender, isOwnMember }) => sender === userId && !isOwnMember).map(({ pos }) => pos))
      const read = Math.max(floor, newest(thread), sent)
      const outcomes = inThread.filter(({ pos }) => pos > read).map((said) => said.outcomes.get(userId))
      const notifications = outcomes.filter((outcome) => outcome?.notify === true).length
      const highlights = outcomes.filter((outcome) => outcome?.highlight === true).length
      if (thread === 'main' || notifications + highlights > 0) counts.set(thread, { notifications, highlights })
    }
    return counts
  }
}

/** What clients are told. */
async function compareSync(world: World, room: RoomId, model: Model): Promise<void> {
  for (const userId of model.joined.keys()) {
    const answer = (await world.sync(userId, { filter: { room: { timeline: { unread_thread_notifications: true } } } })).joined(room)
    const told = { main: answer.unread_notifications, ...answer.unread_thread_notifications }
    const expected = [...model.counts(userId)].map(([thread, { notifications, highlights }]) => [
      thread,
      { notification_count: notifications, highlight_count: highlights },
    ])
    assert.deepEqual(told, Object.fromEntries(expected), `sync of ${userId}`)
  }
}

/** One random thing that somebody does. */
async function act(world: World, room: RoomId, model: Model, random: (below: number) => number): Promise<void> {
  const members = users.filter((id) => model.joined.has(id))
  const who = members[random(members.length)] ?? alice
  const target = model.said[model.said.length - 1 - random(Math.min(model.said.length, 12))]
  assert.ok(target !== undefined)
  const mention = random(4) === 0 ? { 'm.mentions': { user_ids: [users[random(users.length)] ?? alice] } } : {}
  const content: JsonObject = { msgtype: 'm.text', body: random(3) === 0 ? 'time for lunch' : 'hello', ...mention }
  const relates = (type: string, id: string): JsonObject => ({ ...content, 'm.relates_to': { rel_type: type, event_id: id } })
  const roots = model.said.filter(({ id, origin, thread }) => id === origin && thread === 'main')
  switch (random(14)) {
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
      const userId = [erin, frank, bob][random(3)] ?? alice
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
    case 11:
      await world.send(room, who, 'm.room.member', { membership: 'join', displayname: `name ${model.said.length}` }, who)
      return
    case 9:
    case 10:
      model.rules.set(who, random(ruleSets.length))
      return
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

for (const seed of [1, 2, 3, 4]) {
  test(`counts are what a recount gives, seed ${seed}`, async (t) => {
    const random = seeded(seed)
    const rules = new Rules()
    let world = await World.open(t, { rules })
    const room = await world.room(alice)
    for (const member of users.slice(1)) await world.member(room, member, 'join')
    const model = new Model(rules)
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
    for (let step = 1; step <= 200; step += 1) {
      await act(world, room, model, random)
      await follow()
      await compare(world, room, model, `step ${step}`)
      if (random(40) !== 0) continue
      world = await World.open(t, { rules }, await world.close())
      await compare(world, room, model, `started anew at step ${step}`)
      await compareSync(world, room, model)
    }
  })
}
