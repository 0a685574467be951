// Goal: what a room is, what it is called and which event was at a time is for those who may know, in every visibility and for
// every membership (attack P05); for others a room that is there is as one that is not (P10).
// Method: a table of all pairs in a simulated world.
import assert from 'node:assert/strict'
import { scenario, type World } from '../../packages/testkit/src/scenario/scenario.ts'
import type { SimServer } from '../../packages/testkit/src/scenario/sim-server.ts'
import { SimRefused, type SimUser } from '../../packages/testkit/src/scenario/sim-user.ts'

const visibilities = ['world_readable', 'shared', 'invited', 'joined', undefined] as const
const memberships = ['join', 'leave', 'invite', 'knock', 'ban', 'none'] as const
type Member = (typeof memberships)[number]

const enc = encodeURIComponent

function readings(room: string): Record<string, string> {
  return {
    timestamp: `/_matrix/client/v1/rooms/${enc(room)}/timestamp_to_event?ts=0&dir=f`,
    hierarchy: `/_matrix/client/v1/rooms/${enc(room)}/hierarchy`,
    summary: `/_matrix/client/v1/room_summary/${enc(room)}`,
    aliases: `/rooms/${enc(room)}/aliases`,
  }
}

/** Who gets an answer in a room that is not open to the world. `leave` and `ban` follow a time in the room. */
const answered: Record<string, readonly Member[]> = {
  timestamp: ['join', 'leave', 'ban'],
  hierarchy: ['join', 'invite'],
  summary: ['join', 'invite'],
  aliases: ['join'],
}

async function ask(world: World, user: SimUser, path: string): Promise<string> {
  return world.act(user.request('GET', path)).then(
    () => '200',
    (error: unknown) => {
      if (error instanceof SimRefused) return error.message
      throw error
    },
  )
}

async function members(world: World, a: SimServer, alice: SimUser, room: string, prefix: string): Promise<Map<Member, SimUser>> {
  const people = new Map<Member, SimUser>()
  for (const membership of memberships) {
    const user = await world.act(a.user(`${prefix}-${membership}`))
    people.set(membership, user)
    if (membership === 'knock') await world.act(user.request('POST', `/knock/${enc(room)}`, {}))
    if (membership !== 'knock' && membership !== 'none') await world.act(alice.invite(room, user))
    if (['join', 'leave', 'ban'].includes(membership)) await world.act(user.join(room))
    if (membership === 'leave') await world.act(user.leave(room))
    if (membership === 'ban') await world.act(alice.ban(room, user))
  }
  return people
}

for (const visibility of visibilities) {
  scenario(`in a room of history visibility ${visibility ?? 'that nobody set'}`, async (world) => {
    const a = await world.server('a')
    const alice = await world.act(a.user('alice'))
    const room = await world.act(alice.createRoom({ preset: 'private_chat', version: '11' }))
    const state = visibility === undefined ? {} : { history_visibility: visibility }
    await world.act(alice.setState(room, 'm.room.history_visibility', state))
    await world.act(alice.setState(room, 'm.room.join_rules', { join_rule: 'knock' }))
    const people = await members(world, a, alice, room, `v${visibilities.indexOf(visibility)}`)
    await world.act(alice.setState(room, 'm.room.join_rules', { join_rule: 'invite' }))
    const absent = readings('!none:a')
    for (const [name, path] of Object.entries(readings(room))) {
      for (const [membership, user] of people) {
        const open = visibility === 'world_readable' || answered[name]?.includes(membership) === true
        const answer = await ask(world, user, path)
        const wanted = open ? '200' : await ask(world, user, absent[name] ?? '')
        assert.equal(answer, wanted, `${name} for ${membership}`)
        assert.ok(open || /^40[34] /.test(answer), answer)
      }
    }
  })
}
