import { stringAt } from '../client/json.ts'
import { clientsOf } from './check-clients.ts'
import { copiesOf } from './check-rooms.ts'
import type { Client } from './people.ts'
import { roomCopy } from './room-copy.ts'
import type { SimulatedWorld } from './world.ts'

/** Milliseconds for a message to arrive, and for all to have everything once the wires are mended. */
const spreadMs = 5_000
const settleMs = 60_000

/**
 * A room shuts a server out while the only one that hears of it hears nobody else. The one that is shut out says something meanwhile, to a
 * third, which tells the first in the end: there it is not shown (Client-Server API, "Server Access Control Lists").
 */
export async function shutOut(world: SimulatedWorld): Promise<void> {
  for (const { roomId } of world.ledger.rooms) {
    const copies = copiesOf(world, roomId)
    if (copies.length < 3) continue
    const clients = copies.flatMap(({ server, localJoined }) => {
      const client = clientsOf(world).find(({ person }) => person.server === server && localJoined.includes(person.userId))
      return client === undefined ? [] : [client]
    })
    for (const one of clients) {
      const [out, third] = clients.filter((client) => client !== one)
      if (out === undefined || third === undefined) continue
      cutOff(world, one)
      const path = `/rooms/${encodeURIComponent(roomId)}/state/m.room.server_acl/`
      const acl = { allow: ['*'], deny: [out.person.server.name] }
      const done = await world.await(one.persist('PUT', path, acl))
      if (done?.kind === 'ack') {
        world.record.note(`${one.name} shuts ${out.person.server.name} out of ${roomId}`)
        return speakAndTell(world, roomId, { one, out, third })
      }
      world.network.mendAll()
    }
  }
}

async function speakAndTell(
  world: SimulatedWorld,
  roomId: string,
  { one, out, third }: { readonly one: Client; readonly out: Client; readonly third: Client },
): Promise<void> {
  const said = await say(world, out, roomId)
  await world.time.advance(spreadMs)
  await say(world, third, roomId)
  await world.time.advance(spreadMs)
  world.network.mendAll()
  await world.time.advance(settleMs)
  const { server } = one.person
  if (said !== undefined && roomCopy(server, roomId)?.events.get(said)?.standing === 'accepted') {
    world.record.find('whoever is shut out is not heard', `${said} of ${roomId} is shown on ${server.name}, which shut its server out`)
  }
}

/** The client's server and all others hear nothing of each other. */
function cutOff({ servers, network }: SimulatedWorld, { person }: Client): void {
  for (const { name } of servers) {
    if (name === person.server.name) continue
    network.cut(name, person.server.name)
    network.cut(person.server.name, name)
  }
}

async function say(world: SimulatedWorld, client: Client, roomId: string): Promise<string | undefined> {
  const path = `/rooms/${encodeURIComponent(roomId)}/send/m.room.message/${client.nextTransaction()}`
  const outcome = await world.await(client.persist('PUT', path, { msgtype: 'm.text', body: 'in spite of it' }))
  return outcome?.kind === 'ack' ? stringAt(outcome.answer, 'event_id') : undefined
}
