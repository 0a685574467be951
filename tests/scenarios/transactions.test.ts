// Goal: what a client repeats is done once, whoever holds its device's token.
// Method: plays in a simulated world.
import assert from 'node:assert/strict'
import { arrayAt, isObject, objectAt, stringAt } from '../../packages/testkit/src/client/json.ts'
import { scenario } from '../../packages/testkit/src/scenario/scenario.ts'
import { simPassword } from '../../packages/testkit/src/scenario/sim-server.ts'
import { SimUser } from '../../packages/testkit/src/scenario/sim-user.ts'

scenario('a device that logs in again repeats its messages, and is told that they are its own; another device is not', async (world) => {
  const a = await world.server('a')
  const alice = await world.act(a.user('alice'))
  const device = stringAt(await world.act(alice.request('GET', '/account/whoami')), 'device_id')
  const room = await world.act(alice.createRoom())
  const content = { msgtype: 'm.text', body: 'once' }
  const sent = await world.act(alice.send(room, 'm.room.message', content, 'same'))

  const login = { type: 'm.login.password', identifier: { type: 'm.id.user', user: 'alice' }, password: simPassword }
  const again = async (deviceId: string): Promise<SimUser> => {
    const body = JSON.stringify({ ...login, device_id: deviceId })
    const answer = await world.act(a.answer({ method: 'POST', path: '/_matrix/client/v3/login', headers: {}, body }))
    return new SimUser(a, alice.userId, stringAt(JSON.parse(answer.body), 'access_token'))
  }
  const [same, other] = [await again(device), await again('OTHER')]
  assert.equal(await world.act(same.send(room, 'm.room.message', content, 'same')), sent)
  assert.notEqual(await world.act(other.send(room, 'm.room.message', content, 'same')), sent)
  const shown = async (user: SimUser): Promise<unknown> => {
    const timeline = arrayAt(await world.act(user.request('GET', '/sync')), 'rooms', 'join', room, 'timeline', 'events')
    return objectAt(
      timeline.find((event) => isObject(event) && event['event_id'] === sent),
      'unsigned',
    )['transaction_id']
  }
  assert.equal(await shown(same), 'same')
  assert.equal(await shown(other), undefined)
})
