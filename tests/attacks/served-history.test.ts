// Goal: another server reads of a room what its own people may see of it, and nothing of other rooms.
// Method: an evil peer that is, was or never was in a room asks every operation that gives events away.
import assert from 'node:assert/strict'
import { objectAt, objectsAt } from '../../packages/testkit/src/client/json.ts'
import type { HttpAnswer } from '../../packages/testkit/src/client/http-origin.ts'
import { battlefield } from '../../packages/testkit/src/evil-peer/battlefield.ts'
import type { EvilPeer } from '../../packages/testkit/src/evil-peer/evil-peer.ts'
import { EvilRoom } from '../../packages/testkit/src/evil-peer/evil-room.ts'
import { jsonObject } from '../../packages/testkit/src/evil-peer/forge.ts'
import { scene } from './scene.ts'

const attack = battlefield()
const enc = encodeURIComponent

/** Everything that gives events of a room away, asked about one event. */
function readings(evil: EvilPeer, room: string, event: string): Record<string, () => Promise<HttpAnswer>> {
  const get = (path: string) => (): Promise<HttpAnswer> => evil.request('GET', `/_matrix/federation/v1/${path}`)
  return {
    event: get(`event/${enc(event)}`),
    state: get(`state/${enc(room)}?event_id=${enc(event)}`),
    state_ids: get(`state_ids/${enc(room)}?event_id=${enc(event)}`),
    event_auth: get(`event_auth/${enc(room)}/${enc(event)}`),
    backfill: get(`backfill/${enc(room)}?v=${enc(event)}&limit=100`),
    get_missing_events: () =>
      evil.request(
        'POST',
        `/_matrix/federation/v1/get_missing_events/${enc(room)}`,
        jsonObject({ earliest_events: [], latest_events: [event], limit: 20, min_depth: 0 }),
      ),
  }
}

attack('P01, P02: an event of another room is unknown in this one, whatever is asked about it', async (field) => {
  const { alice, evil, room } = await scene(field)
  const secretRoom = await alice.createRoom({ preset: 'private_chat', room_version: '11' })
  await alice.sendText(secretRoom, 'secret before')
  const secret = await alice.sendText(secretRoom, 'secret')
  for (const [name, ask] of Object.entries(readings(evil, room.roomId, secret))) {
    const answer = await ask()
    assert.ok(!JSON.stringify(answer.body).includes('secret'), name)
    assert.ok(!JSON.stringify(answer.body).includes(secretRoom), name)
    if (name === 'backfill' || name === 'get_missing_events') {
      assert.deepEqual([...objectsAt(answer.body, 'pdus'), ...objectsAt(answer.body, 'events')], [], name)
    } else assert.ok([403, 404].includes(answer.status), `${name} ${answer.status}`)
  }
})

attack('P01, P02: a server that never was in a room reads nothing of it, not even that an event is there', async ({ user, peer }) => {
  const [alice, evil] = [await user('alice'), await peer()]
  const room = await alice.createRoom({ preset: 'public_chat' })
  const said = await alice.sendText(room, 'not yours')
  const absent = `$${'A'.repeat(43)}`
  const known = readings(evil, room, said)
  const unknown = readings(evil, room, absent)
  for (const [name, ask] of Object.entries(known)) {
    const answer = await ask()
    assert.ok([403, 404].includes(answer.status), `${name} ${answer.status}`)
    assert.deepEqual(answer.body, (await unknown[name]?.())?.body, name)
  }
})

attack(
  'P04: what was said before somebody of the server joined is given in its redacted form where the room says so',
  async ({ user, peer }) => {
    for (const visibility of ['joined', 'invited']) {
      const [alice, evil] = [await user('alice'), await peer()]
      const ours = await alice.createRoom({
        preset: 'public_chat',
        room_version: '11',
        initial_state: [{ type: 'm.room.history_visibility', state_key: '', content: { history_visibility: visibility } }],
      })
      const before = await alice.sendText(ours, 'secret')
      const room = await EvilRoom.join(evil, 'mallory', ours)
      const after = await alice.sendText(ours, 'for all')
      for (const [name, ask] of Object.entries(readings(evil, ours, after))) {
        assert.ok(!JSON.stringify((await ask()).body).includes('secret'), `${name} of a later event`)
      }
      for (const [name, ask] of Object.entries(readings(evil, ours, before))) {
        assert.ok(!JSON.stringify((await ask()).body).includes('secret'), name)
      }
      const shown = await evil.request('GET', `/_matrix/federation/v1/event/${enc(after)}`)
      assert.ok(JSON.stringify(shown.body).includes('for all'))
      assert.ok(room.tips.length > 0)
    }
  },
)

attack('P04: a server whose people have left reads nothing of what came after', async (field) => {
  const { alice, evil, room } = await scene(field)
  const during = await alice.sendText(room.roomId, 'for all')
  await alice.kick(room.roomId, room.sender)
  const secret = await alice.sendText(room.roomId, 'secret')
  await alice.sendState(room.roomId, 'm.room.topic', { topic: 'secret topic' })
  const later = await alice.sendText(room.roomId, 'secret, too')
  for (const event of [secret, later]) {
    for (const [name, ask] of Object.entries(readings(evil, room.roomId, event))) {
      const answer = await ask()
      assert.ok(!JSON.stringify(answer.body).includes('secret'), `${name} ${JSON.stringify(answer.body).slice(0, 300)}`)
    }
  }
  const shown = await evil.request('GET', `/_matrix/federation/v1/event/${enc(during)}`)
  assert.ok(JSON.stringify(shown.body).includes('for all'))
})

attack('P14: an invite tells of the room what stripped state tells, and of the inviter nothing more', async ({ user, peer }) => {
  const [alice, evil] = [await user('alice'), await peer()]
  evil.onPath(/v2\/invite/, () => ({ status: 403, body: { errcode: 'M_FORBIDDEN', error: 'no' } }))
  const room = await alice.createRoom({
    preset: 'private_chat',
    name: 'shown',
    initial_state: [{ type: 'org.example.secret', state_key: '', content: { secret: 'secret' } }],
  })
  await alice.request('POST', `v3/rooms/${enc(room)}/invite`, { user_id: evil.user('bob') })
  const [asked] = evil.asked(/v2\/invite/)
  assert.ok(asked !== undefined)
  const types = objectsAt(asked.body, 'invite_room_state').map((event) => event['type'])
  assert.ok(types.includes('m.room.create') && types.includes('m.room.name'))
  assert.ok(!types.includes('org.example.secret') && !types.includes('m.room.power_levels'))
})

attack('P14: what a server adds to its answer to an invite is not taken over', async ({ user, peer }) => {
  const [alice, evil] = [await user('alice'), await peer()]
  const room = await alice.createRoom({ preset: 'private_chat', room_version: '11' })
  evil.onPath(/v2\/invite/, ({ body }) => {
    return {
      body: { event: { ...objectAt(body, 'event'), content: { membership: 'invite', displayname: 'added' }, unsigned: { added: true } } },
    }
  })
  await alice.request('POST', `v3/rooms/${enc(room)}/invite`, { user_id: evil.user('bob') })
  assert.ok(!JSON.stringify(await alice.fullState(room)).includes('added'))
})

attack('P16: what a remote server says of its failure is not passed on to people', async ({ user, peer }) => {
  const [alice, evil] = [await user('alice'), await peer()]
  const words = 'secret words of another server'
  for (const status of [400, 403, 404, 500]) {
    evil.on(({ path }) =>
      path.startsWith('/_matrix/federation/') ? { status, body: { errcode: 'M_UNKNOWN', error: words, secret: words } } : undefined,
    )
    for (const path of [`v3/profile/${enc(evil.user('x'))}`, `v3/directory/room/${enc(`#r:${evil.serverName}`)}`]) {
      const answer = await alice.request('GET', path)
      assert.ok(answer.status >= 400 && !JSON.stringify(answer.body).includes(words), `${path}: ${JSON.stringify(answer.body)}`)
    }
    const answer = await alice.request('POST', `v3/join/${enc(`!r:${evil.serverName}`)}?via=${evil.serverName}`, {})
    assert.ok(!JSON.stringify(answer.body).includes(words), JSON.stringify(answer.body))
  }
})
