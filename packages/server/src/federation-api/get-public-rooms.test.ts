// Goal: the public rooms are a matter between this server and its people, unless the operator shows them to others.
// Method: the check of both operations by itself.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requirePublic } from './get-public-rooms.ts'

test('other servers read the public rooms only where the operator lets them', () => {
  assert.throws(() => requirePublic({ publicRoomsOverFederation: false }), { code: 'M_FORBIDDEN', status: 403 })
  requirePublic({ publicRoomsOverFederation: true })
})
