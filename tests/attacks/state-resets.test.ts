// Goal: where a room's version lets a replay of the past take its state back, the operator is told, and can put a safer room in its
// place; where the version rules it out, nothing happens and nobody is told.
// Method: whoever closed a room has left it. An evil peer says of a gap in its history that the room was open there. In versions before
// 12 resolving that with what we know leaves no join rule (MSC4297).
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { arrayAt, objectAt, stringAt } from '../../packages/testkit/src/client/json.ts'
import type { MatrixClient } from '../../packages/testkit/src/client/matrix-client.ts'
import { battlefield, type Field } from '../../packages/testkit/src/evil-peer/battlefield.ts'
import type { Forged } from '../../packages/testkit/src/evil-peer/forge.ts'
import type { Homeserver } from '../../packages/testkit/src/processes/homeserver.ts'
import { causeway, folderOf } from '../server/command.ts'
import { scene, text, type Scene } from './scene.ts'

const attack = battlefield()

interface Replay extends Scene {
  readonly bob: MatrixClient
  /** The join rules that closed the room. */
  readonly closed: Forged
}

/** The operator's command, in JSON. */
async function command(victim: Homeserver, ...words: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const folder = folderOf(victim)
  const said = await causeway(['room', ...words, '--json', '--config', join(folder, 'causeway.yaml')], folder)
  return objectAt(JSON.parse(said.out))
}

async function replay(field: Field, version: string): Promise<Replay> {
  const at = await scene(field, version)
  const { alice, evil, room } = at
  const bob = await field.user('bob')
  await bob.join(room.roomId)
  const open = room.state.get('m.room.join_rules\0')
  const joined = room.state.get(`m.room.member\0${alice.userId}`)
  assert.ok(open !== undefined && joined !== undefined)
  const heard = async (type: string, stateKey: string, content: string): Promise<Forged> =>
    room.learn(
      await evil.until(type, () =>
        evil.pdus.find((pdu) => pdu['type'] === type && pdu['state_key'] === stateKey && JSON.stringify(pdu['content']).includes(content)),
      ),
    )
  await heard('m.room.member', bob.userId, 'join')
  const levels = await alice.state(room.roomId, 'm.room.power_levels')
  const users = { ...objectAt(levels['users']), [bob.userId]: 100 }
  await alice.sendState(room.roomId, 'm.room.power_levels', { ...levels, users })
  await heard('m.room.power_levels', '', bob.userId)
  await alice.sendState(room.roomId, 'm.room.join_rules', { join_rule: 'invite' })
  const closed = await heard('m.room.join_rules', '', 'invite')
  await alice.leave(room.roomId)
  await heard('m.room.member', alice.userId, 'leave')
  // The lie: the room was open when it had a part that nobody may see.
  const told = [...new Map([...room.state, ['m.room.join_rules\0', open]]).values()]
  const chain = [...new Map([...room.authChain(told), joined].map((event) => [event.eventId, event])).values()]
  const ids = (events: readonly Forged[]): string[] => events.map(({ eventId }) => eventId)
  evil.onPath(/\/state_ids\//, () => ({ body: { pdu_ids: ids(told), auth_chain_ids: ids(chain) } }))
  evil.onPath(/\/state\//, () => ({ body: { pdus: told.map(({ object }) => object), auth_chain: chain.map(({ object }) => object) } }))
  const hidden = room.event(text('never shown'))
  room.events.set(hidden.eventId, hidden)
  const vouching = room.event({ ...text('vouching'), prev_events: [hidden.eventId] })
  const after = room.event({ ...text('after'), prev_events: [vouching.eventId] })
  evil.onPath(/get_missing_events/, () => ({ body: { events: [vouching.object] } }))
  await room.send(after)
  await bob.waitForEvent(room.roomId, after.eventId)
  return { ...at, bob, closed }
}

for (const version of ['10', '11']) {
  attack(`S06: in version ${version} a replay that takes the state back flags the room, and the operator can upgrade it`, async (field) => {
    const { bob, room, closed } = await replay(field, version)
    assert.equal((await bob.request('GET', `v3/rooms/${encodeURIComponent(room.roomId)}/state/m.room.join_rules/`)).status, 404)
    const flagged = arrayAt(await command(field.victim, 'flagged'), 'rooms').map((entry) => objectAt(entry))
    const mine = flagged.find((entry) => entry['room_id'] === room.roomId)
    assert.equal(mine?.['version'], version)
    const entries = arrayAt(objectAt(mine, 'reset'), 'entries').map((entry) => objectAt(entry))
    assert.deepEqual(entries, [{ type: 'm.room.join_rules', state_key: '', was: closed.eventId }])
    const upgraded = await command(field.victim, 'upgrade', room.roomId)
    assert.equal(upgraded['user_id'], bob.userId)
    const create = await bob.state(stringAt(upgraded, 'replacement_room'), 'm.room.create')
    assert.equal(create['room_version'], '12')
    const left = arrayAt(await command(field.victim, 'flagged'), 'rooms').map((entry) => objectAt(entry)['room_id'])
    assert.ok(!left.includes(room.roomId))
    assert.equal((await command(field.victim, 'unflag', room.roomId))['code'], 'M_NOT_FOUND')
  })
}

attack('S06: in version 12 the same replay takes nothing back, and the room is not flagged', async (field) => {
  const { bob, room } = await replay(field, '12')
  assert.equal((await bob.state(room.roomId, 'm.room.join_rules'))['join_rule'], 'invite')
  const flagged = arrayAt(await command(field.victim, 'flagged'), 'rooms').map((entry) => objectAt(entry)['room_id'])
  assert.ok(!flagged.includes(room.roomId))
})
