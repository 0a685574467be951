// Goal: what somebody who wanted to be erased wrote is shown to those who were there, and to nobody who comes later.
// Method: a person of the server writes, and ends the account with `erase`; newcomers here and on a peer, and those who were there, look.
import assert from 'node:assert/strict'
import { battlefield } from '../../packages/testkit/src/evil-peer/battlefield.ts'
import { EvilRoom } from '../../packages/testkit/src/evil-peer/evil-room.ts'
import { stringAt } from '../../packages/testkit/src/client/json.ts'

const attack = battlefield()

attack('P15: newcomers, and servers that were not there, get the redacted form of what an erased user wrote', async ({ user, peer }) => {
  const [leaver, witness, early, late] = [await user('leaver'), await user('witness'), await peer(), await peer()]
  const room = await leaver.createRoom({ preset: 'public_chat', room_version: '11' })
  await witness.join(room)
  await EvilRoom.join(early, 'mallory', room)
  const root = await leaver.sendText(room, 'words of mine')
  await leaver.send(room, 'm.room.message', {
    msgtype: 'm.text',
    body: '* other words of mine',
    'm.new_content': { msgtype: 'm.text', body: 'other words of mine' },
    'm.relates_to': { rel_type: 'm.replace', event_id: root },
  })
  const answer = await leaver.request('POST', 'v3/account/deactivate', { erase: true })
  const auth = {
    type: 'm.login.password',
    session: stringAt(answer.body, 'session'),
    identifier: { type: 'm.id.user', user: leaver.userId },
    password: `password of ${leaver.userId.slice(1).split(':')[0]}`,
  }
  await leaver.call('POST', 'v3/account/deactivate', { erase: true, auth })

  const newcomer = await user('newcomer')
  await newcomer.join(room)
  const others = await EvilRoom.join(late, 'mallory', room)
  assert.ok(others.tips.length > 0)
  const path = (event: string): string => `v3/rooms/${encodeURIComponent(room)}/event/${encodeURIComponent(event)}`
  assert.ok(JSON.stringify(await witness.call('GET', path(root))).includes('words of mine'))
  const reads = [
    path(root),
    `v3/rooms/${encodeURIComponent(room)}/messages?dir=b&limit=50`,
    `v3/rooms/${encodeURIComponent(room)}/context/${encodeURIComponent(root)}`,
    `v1/rooms/${encodeURIComponent(room)}/relations/${encodeURIComponent(root)}`,
    'v3/sync',
  ]
  for (const read of reads) {
    const shown = JSON.stringify(await newcomer.call('GET', read))
    assert.ok(!shown.includes('words of mine'), `${read}: ${shown.slice(0, 500)}`)
  }
  const asked = `/_matrix/federation/v1/event/${encodeURIComponent(root)}`
  assert.ok(JSON.stringify((await early.request('GET', asked)).body).includes('words of mine'))
  const backfill = `/_matrix/federation/v1/backfill/${encodeURIComponent(room)}?v=${encodeURIComponent(root)}&limit=50`
  for (const read of [asked, backfill]) {
    const given = await late.request('GET', read)
    assert.equal(given.status, 200)
    assert.ok(!JSON.stringify(given.body).includes('words of mine'), read)
  }
})
