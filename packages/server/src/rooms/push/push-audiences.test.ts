// Goal: who is notified of an event is the same whether what is known of a room's users was kept up as they came, went and took other
// names, or is read anew.
// Method: random changes of membership in a real room, few and many between two events; each event is judged by one audience that lives
// on and by one made for it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileRules, withDefaultRules, type UserId } from '@causeway/events'
import { limits } from '../../limits.ts'
import { insertPushAction } from '../../storage/tables/push-actions.ts'
import { changeMembership } from '../commands/change-membership.ts'
import { createRoom } from '../commands/create-room.ts'
import { sendEvent } from '../commands/send-event.ts'
import { anotherEngine, enginePorts, localUser } from '../engine/engine.fixture.ts'
import { rowsClass, unpackCounts } from '../engine/notification-counts.ts'
import { TransactionMemory } from '../engine/transaction-memory.ts'
import type { RulesSource, UserRules } from './push-audience.ts'
import { PushAudiences } from './push-audiences.ts'

const conditions = [{ kind: 'contains_display_name' }]
const actions = ['notify', { set_tweak: 'highlight' }]
const byName = compileRules(withDefaultRules({ override: [{ rule_id: 'name', default: false, enabled: true, conditions, actions }] }))
const byLocalpart = compileRules(withDefaultRules({ content: [{ rule_id: 'own', default: false, enabled: true, pattern: 'u3', actions }] }))
const classes: readonly UserRules[] = [
  { classId: 1, rules: compileRules(withDefaultRules({})) },
  { classId: 2, rules: byName },
  { classId: 3, rules: byLocalpart },
]
const names = ['Ann', 'Ann B', 'Émile', 'ann', '']
const users = Array.from({ length: 12 }, (_entry, index) => localUser(`u${index}`))

const source: RulesSource = {
  version: 0,
  of: async (userId) => {
    const rules = classes[users.indexOf(userId) % classes.length] ?? classes[0]
    assert.ok(rules !== undefined)
    return rules
  },
}

test('an audience that is kept up judges as one made anew', async (t) => {
  const ports = await enginePorts(t)
  const creator = localUser('creator')
  const engine = anotherEngine(ports)
  const transactions = new TransactionMemory(ports.db)
  const roomId = await createRoom(engine, 32, {
    creator,
    roomVersion: '11',
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
    creatorProfile: {},
    additionalCreators: [],
    localInvites: [],
  })
  const kept = new PushAudiences(ports.db, source)
  const nameAt = (step: number): string => names[step % names.length] ?? ''
  let step = 0
  const change = async (sender: UserId): Promise<void> => {
    step += 1
    const view = await engine.view(roomId)
    const isJoined = view?.localJoined.has(sender) === true
    if (!isJoined || step % 3 === 0) {
      const content = { membership: 'join', displayname: nameAt(step) }
      if (isJoined) await sendEvent(engine, transactions, { roomId, sender, type: 'm.room.member', stateKey: sender, content })
      else await changeMembership(engine, { roomId, sender, target: sender, action: 'join', profile: { displayname: nameAt(step) } })
    } else await changeMembership(engine, { roomId, sender, target: sender, action: 'leave' })
  }
  // Between two events none to some changes, and once more than are remembered.
  for (const [round, count] of [1, 5, 0, 12, 3, limits.localMemberChangesMax + 6, 2, 7].entries()) {
    for (let index = 0; index < count; index += 1) await change(users[(round * 5 + index * 7) % users.length] ?? creator)
    for (const body of ['hello Ann', 'émile?', 'for u3', 'nobody']) {
      const content = { msgtype: 'm.text', body }
      await sendEvent(engine, transactions, { roomId, sender: creator, type: 'm.room.message', content })
      const [tally, fresh] = await engine.run(roomId, async (view) => {
        const pdu = view.recent.at(-1)?.pdu
        assert.ok(pdu !== undefined)
        const judged = [await kept.of(view, undefined), await new PushAudiences(ports.db, source).of(view, undefined)]
        return judged.map((audience) => {
          const made = audience.tally(view, pdu, undefined)
          // Who is counted in which class is noted once by the one, and each time by the other.
          const own = made.actions.filter(({ write }) => write === insertPushAction)
          const rows = own.map((action) => JSON.stringify(action.values(1, 1))).toSorted()
          const counts = unpackCounts(made.counts)
            .filter(({ classId }) => classId !== rowsClass)
            .map((total) => JSON.stringify(total))
            .toSorted()
          return { rows, counts }
        })
      })
      assert.deepEqual(tally, fresh, `round ${round}: ${body}`)
    }
  }
})
