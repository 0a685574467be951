// Goal: an event that was redacted before it came is shown in /sync like any other, in its redacted form.
// Method: a play in a simulated world; a wire is cut while somebody redacts what their server has not got yet.
import assert from 'node:assert/strict'
import { arrayAt, objectAt, stringAt } from '../../packages/testkit/src/client/json.ts'
import { scenario } from '../../packages/testkit/src/scenario/scenario.ts'

scenario('a redaction that comes before its target does not hide it from /sync', async (world) => {
  const [a, b] = [await world.server('a'), await world.server('b')]
  const [alice, bob] = [await world.act(a.user('alice')), await world.act(b.user('bob'))]
  const room = await world.act(alice.createRoom({ version: '10' }))
  await world.act(bob.join(room, a))
  await world.act(alice.setState(room, 'm.room.power_levels', { users: { [alice.userId]: 100, [bob.userId]: 100 } }))
  await world.settle()
  world.cut(a, b)
  const said = await world.act(alice.say(room, 'taken back before it is there'))
  const redaction = await world.act(bob.redact(room, said))
  const since = stringAt((await world.act(bob.request('GET', '/sync?timeout=0')))['next_batch'])
  // Who waits in /sync, and who asks later.
  const waiting = bob.request('GET', `/sync?timeout=120000&since=${since}`)
  await world.settle(1_000)
  world.heal()
  await world.settle()
  const answers = [await world.act(waiting), await world.act(bob.request('GET', `/sync?timeout=0&since=${since}`))]
  for (const answer of answers) {
    const events = arrayAt(answer, 'rooms', 'join', room, 'timeline', 'events').map((event) => objectAt(event))
    const shown = events.find((event) => event['event_id'] === said)
    assert.ok(shown !== undefined)
    assert.deepEqual(objectAt(shown, 'content'), {})
    assert.equal(stringAt(shown, 'unsigned', 'redacted_because', 'event_id'), redaction)
  }
})
