// Goal: whatever an identity server answers, nothing of it but a well-formed invite gets into a room, and our user stays logged in.
// Method: an evil peer is the identity server that a client names.
import assert from 'node:assert/strict'
import { objectAt } from '../../packages/testkit/src/client/json.ts'
import { battlefield } from '../../packages/testkit/src/evil-peer/battlefield.ts'
import type { PeerReply } from '../../packages/testkit/src/evil-peer/evil-peer.ts'
import { identityToken, IdentityServer } from '../../packages/testkit/src/identity-server/identity-server.ts'

const attack = battlefield()

const enc = encodeURIComponent
const address = 'somebody@example.org'

attack('an identity server that answers nonsense invites nobody', async ({ user, peer }) => {
  const [alice, evil] = [await user('alice'), await peer()]
  const identity = new IdentityServer(evil.serverName)
  evil.on((request) => identity.answer(request))
  const room = await alice.createRoom({ preset: 'private_chat', room_version: '11' })
  const [key = ''] = identity.publicKeys
  const good = { token: 'token', display_name: 's...', public_keys: [{ public_key: key, key_validity_url: 'https://x.example/' }] }
  const bad: readonly (readonly [path: RegExp, reply: PeerReply])[] = [
    [/hash_details/, { body: 'nonsense' }],
    [/hash_details/, { body: [] }],
    [/hash_details/, { body: { lookup_pepper: 5, algorithms: ['sha256'] } }],
    [/hash_details/, { body: { lookup_pepper: 'x', algorithms: ['none'] } }],
    [/hash_details/, { status: 401, body: { errcode: 'M_UNKNOWN_TOKEN', error: 'log out' } }],
    [/hash_details/, { status: 302, headers: { location: `https://${evil.victim.serverName}/_matrix/federation/v1/version` } }],
    [/lookup/, { body: { mappings: 5 } }],
    [/lookup/, { body: JSON.stringify({ mappings: {}, filler: 'x'.repeat(100_000) }) }],
    [/lookup/, { status: 500, body: {} }],
    [/store-invite/, { body: {} }],
    [/store-invite/, { body: { ...good, token: '' } }],
    [/store-invite/, { body: { ...good, token: 'a b' } }],
    [/store-invite/, { body: { ...good, token: 'x'.repeat(256) } }],
    [/store-invite/, { body: { ...good, display_name: 'x'.repeat(5_000) } }],
    [/store-invite/, { body: { ...good, public_keys: [] } }],
    [/store-invite/, { body: { ...good, public_keys: [5, { public_key: 'x'.repeat(5_000) }] } }],
    [/store-invite/, { status: 400, body: { errcode: 'M_THREEPID_IN_USE', error: 'bound', mxid: 'nobody' } }],
    [/store-invite/, { status: 403, body: { errcode: 'M_TERMS_NOT_SIGNED', error: 'sign' } }],
  ]
  const invite = { id_server: evil.serverName, id_access_token: identityToken, medium: 'email', address }
  const before = (await alice.fullState(room)).length
  for (const [path, reply] of bad) {
    const undo = evil.onPath(path, () => reply)
    const answer = await alice.request('POST', `v3/rooms/${enc(room)}/invite`, invite)
    undo()
    assert.ok([400, 403, 502].includes(answer.status), `${String(path)} ${JSON.stringify(reply)}: ${answer.status}`)
    assert.ok(!['M_UNKNOWN_TOKEN', 'M_MISSING_TOKEN'].includes(String(objectAt(answer.body)['errcode'])))
  }
  assert.equal((await alice.fullState(room)).length, before)
  await alice.call('GET', 'v3/account/whoami')
  // At the end it is honest, and the same request does what it is for.
  await alice.call('POST', `v3/rooms/${enc(room)}/invite`, invite)
  assert.equal((await alice.fullState(room)).length, before + 1)
})

attack('keys of an invite beyond what is ever looked at do not get into the room', async ({ user, peer }) => {
  const [alice, evil] = [await user('alice'), await peer()]
  const identity = new IdentityServer(evil.serverName)
  evil.on((request) => identity.answer(request))
  const [key] = identity.publicKeys
  const keys = Array.from({ length: 100 }, () => ({ public_key: key, key_validity_url: 'https://x.example/', more: 'x' }))
  evil.onPath(/store-invite/, () => ({ body: { token: 'token', display_name: 's...', public_keys: keys, more: { a: 1 } } }))
  const room = await alice.createRoom({ preset: 'private_chat', room_version: '11' })
  const invite = { id_server: evil.serverName, id_access_token: identityToken, medium: 'email', address }
  await alice.call('POST', `v3/rooms/${enc(room)}/invite`, invite)
  const content = objectAt(await alice.call('GET', `v3/rooms/${enc(room)}/state/m.room.third_party_invite/token`))
  assert.deepEqual(Object.keys(content).toSorted(), ['display_name', 'key_validity_url', 'public_key', 'public_keys'])
  assert.deepEqual(
    content['public_keys'],
    Array.from({ length: 10 }, () => ({ public_key: key, key_validity_url: 'https://x.example/' })),
  )
})
