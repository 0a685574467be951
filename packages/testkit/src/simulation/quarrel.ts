import { objectAt } from '../client/json.ts'
import type { Actor } from './act.ts'
import type { Client } from './people.ts'

/** Milliseconds for the new level to arrive, and for what happens while the two do not hear each other. */
const spreadMs = 1_000
const apartMs = 3_000

/**
 * The creator of a room lets somebody on another server write state, and throws them out while the two servers do not hear each other;
 * the other writes meanwhile.
 */
export async function quarrel({ world, random, note }: Actor, index: number): Promise<void> {
  const { roomId, creator } = random.pick(world.ledger.rooms)
  const clients = world.people.flatMap((person) => person.clients).filter(({ loggedOut }) => !loggedOut)
  const one = clients.find(({ person }) => person.userId === creator)
  const others = clients.filter(({ person, model }) => person.server !== one?.person.server && model.joined.has(roomId))
  if (one === undefined || others.length === 0) return
  const other = random.pick(others)
  const way = random.pick(['kick', 'ban'] as const)
  const room = `/rooms/${encodeURIComponent(roomId)}`
  const levels = await one.ask('GET', `${room}/state/m.room.power_levels/`)
  if (levels.kind !== 'ack') return
  const users = { ...objectAt(levels.answer, 'users'), [other.person.userId]: 50 }
  await one.ask('PUT', `${room}/state/m.room.power_levels/`, { ...levels.answer, users })
  await world.sleep(spreadMs)
  const names = [one.person.server.name, other.person.server.name] as const
  if (!world.healed) {
    world.network.cut(names[0], names[1])
    world.network.cut(names[1], names[0])
  }
  const write = (client: Client, type: string): Promise<{ readonly kind: string }> =>
    client.ask('PUT', `${room}/state/${type}/`, { n: index })
  const wrote = await write(other, 'm.room.topic')
  await world.sleep(random.below(apartMs))
  const threw = await one.ask('POST', `${room}/${way}`, { user_id: other.person.userId })
  await world.sleep(random.below(apartMs))
  const again = await write(other, 'org.example.state')
  note(`${creator} throws ${other.person.userId} out of ${roomId} (${way}): ${wrote.kind} ${threw.kind} ${again.kind}`)
  world.network.mend(names[0], names[1])
  world.network.mend(names[1], names[0])
}
