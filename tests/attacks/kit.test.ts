// Goal: the evil peer can do what an honest server does: otherwise attacks that fail would prove nothing.
// Method: it joins a room of the server, talks there, and lets people of the server into a room of its own, in every room version.
import assert from 'node:assert/strict'
import { supportedRoomVersions } from '@causeway/events'
import { battlefield } from '../../packages/testkit/src/evil-peer/battlefield.ts'
import { EvilRoom } from '../../packages/testkit/src/evil-peer/evil-room.ts'
import { serveRoom } from '../../packages/testkit/src/evil-peer/serve-room.ts'

const attack = battlefield()

for (const version of supportedRoomVersions) {
  attack(`the peer behaves as an honest server in a room of version ${version}`, async ({ user, peer }) => {
    const [alice, evil] = [await user('alice'), await peer()]
    const ours = await alice.createRoom({ preset: 'public_chat', room_version: version })
    const room = await EvilRoom.join(evil, 'mallory', ours)
    const said = room.message('hello')
    assert.deepEqual(await room.send(said), { [said.eventId]: {} })
    await alice.waitForEvent(ours, said.eventId)

    const theirs = EvilRoom.found(evil, { version })
    serveRoom(evil, theirs)
    await alice.join(theirs.roomId, [evil.serverName])
    const later = theirs.message('welcome')
    await theirs.send(later)
    await alice.waitForEvent(theirs.roomId, later.eventId)
    const answered = await alice.sendText(theirs.roomId, 'thanks')
    await evil.until('the answer', () => evil.pdus.some((pdu) => JSON.stringify(pdu).includes('thanks')) && answered)
  })
}
