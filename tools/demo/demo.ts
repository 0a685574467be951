// `npm run demo`: two servers on this machine, a person on each, and a conversation that crosses between them. Each server has
// its own keys, its own database and its own certificate from an authority made for this run; nothing of it stays.
import { at } from '../../packages/testkit/src/client/json.ts'
import type { MatrixClient } from '../../packages/testkit/src/client/matrix-client.ts'
import type { Homeserver } from '../../packages/testkit/src/processes/homeserver.ts'
import { startCauseway } from '../../packages/testkit/src/processes/start-causeway.ts'
import { createTestCa } from '../../packages/testkit/src/tls/test-ca.ts'

/** What is said, by whom. */
const conversation: readonly (readonly [speaker: 'alice' | 'bob', text: string])[] = [
  ['alice', 'Hello Bob! Can you read this on your server?'],
  ['bob', 'Loud and clear. Signed by your server, checked by mine.'],
  ['alice', 'And no company in between.'],
  ['bob', 'Just a causeway. 🌉'],
]

const began = performance.now()

function say(text: string): void {
  const seconds = ((performance.now() - began) / 1000).toFixed(2).padStart(5)
  console.log(`${seconds} s  ${text}`)
}

/** `@alice:127.0.0.1:40001` as `alice`. */
function nameOf(client: MatrixClient): string {
  return client.userId.slice(1).split(':')[0] ?? client.userId
}

/** One person speaks; the other sees it on the other server. */
async function speak(from: MatrixClient, to: MatrixClient, roomId: string, text: string): Promise<void> {
  say(`${nameOf(from)}: ${text}`)
  const sent = performance.now()
  const eventId = await from.sendText(roomId, text)
  const seen = await to.waitForEvent(roomId, eventId)
  if (at(seen.content, 'body') !== text) throw new Error(`${nameOf(to)} sees something else than ${nameOf(from)} said`)
  say(`       … ${nameOf(to)} sees it after ${Math.round(performance.now() - sent)} ms`)
}

async function play(one: Homeserver, other: Homeserver): Promise<void> {
  const [alice, bob] = await Promise.all([one.registerUser('alice'), other.registerUser('bob')])
  say(`two accounts: ${alice.userId} and ${bob.userId}`)

  const roomId = await alice.createRoom({ name: 'The causeway', preset: 'private_chat' })
  say(`alice makes a room: ${roomId}`)
  await alice.invite(roomId, bob.userId)
  await bob.waitForRoom(roomId, 'the invite', (room) => room.section === 'invite')
  say('alice invites bob; the invite is on his server')
  await bob.join(roomId)
  await alice.waitForRoom(roomId, "bob's join", (room) => room.membership(bob.userId) === 'join')
  await bob.waitForRoom(roomId, 'his own join', (room) => room.section === 'join')
  say('bob joins; both servers now hold the room')

  for (const [speaker, text] of conversation) {
    await (speaker === 'alice' ? speak(alice, bob, roomId, text) : speak(bob, alice, roomId, text))
  }

  const [left, right] = await Promise.all([alice.fullState(roomId), bob.fullState(roomId)])
  const names = (state: typeof left): string =>
    state
      .map(({ eventId }) => eventId)
      .sort()
      .join()
  if (names(left) !== names(right)) throw new Error('the servers do not agree about the room')
  say(`both servers agree on all ${left.length} state events of the room`)
}

const ca = createTestCa()
const servers: Homeserver[] = []
try {
  servers.push(...(await Promise.all(['one', 'two'].map((name) => startCauseway({ name, ca })))))
  const [one, other] = servers
  if (one === undefined || other === undefined) throw new Error('two servers were started')
  say(`two servers: ${one.serverName} and ${other.serverName}`)
  await play(one, other)
} finally {
  await Promise.all(servers.map((server) => server.dispose()))
}
say('both servers stopped, their files are gone')
