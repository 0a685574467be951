import { clientsOf } from './check-clients.ts'
import { checkAcknowledged, checkRooms, copiesOf } from './check-rooms.ts'
import type { SimulatedWorld } from './world.ts'
import { stringAt } from '../client/json.ts'

/** Milliseconds that a server is alone, that a mended world has until all agree (promise P10), and that all is well between the two times. */
const aloneMs = 180_000
const settleMs = 60_000
const calmMs = 660_000

/**
 * Twice a server that has something to tell is alone for some minutes, with so much time between that the second has nothing to do with the
 * first. Nobody else says anything, so that it has to try again by itself. Only for worlds that agree.
 */
export async function partTwice(world: SimulatedWorld): Promise<void> {
  for (const { roomId } of world.ledger.rooms) {
    const copies = copiesOf(world, roomId)
    const [alone] = copies
    if (alone === undefined || copies.length < 2) continue
    const client = clientsOf(world).find(({ person }) => alone.localJoined.includes(person.userId))
    if (client === undefined) continue
    for (const time of [1, 2]) {
      world.record.note(`${alone.server.name} is alone`)
      for (const { server } of copies) {
        world.network.cut(server.name, alone.server.name)
        world.network.cut(alone.server.name, server.name)
      }
      const path = `/rooms/${encodeURIComponent(roomId)}/send/m.room.message/${client.nextTransaction()}`
      const outcome = await world.await(client.persist('PUT', path, { msgtype: 'm.text', body: `alone ${time}` }))
      if (outcome?.kind === 'ack') world.ledger.sent(stringAt(outcome.answer, 'event_id'), roomId, alone.server)
      await world.time.advance(aloneMs)
      world.network.mendAll()
      await world.time.advance(settleMs)
      checkAcknowledged(world)
      await checkRooms(world, true)
      await world.time.advance(calmMs)
    }
    return
  }
}
