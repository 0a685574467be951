import assert from 'node:assert/strict'
import { roomRules } from '@causeway/events'
import { objectAt, stringAt } from '../client/json.ts'
import type { EvilPeer } from './evil-peer.ts'
import { countersigned, jsonObject } from './forge.ts'

/** From now on the peer signs every invite of its people, as an honest server does. Gives what takes it back. */
export function acceptInvites(peer: EvilPeer): () => void {
  return peer.onPath(/^\/_matrix\/federation\/v2\/invite\//, ({ body }) => {
    const rules = roomRules(stringAt(body, 'room_version'))
    assert.ok(rules !== undefined)
    return { body: { event: countersigned(jsonObject(objectAt(body, 'event')), rules, peer.signer) } }
  })
}
