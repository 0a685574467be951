import {
  decodeBase64,
  isJsonObject,
  parseKeyId,
  parseServerName,
  signaturesOf,
  signedBytes,
  verifyBytes,
  type KeyId,
  type Pdu,
  type RoomRules,
  type ServerName,
} from '@causeway/events'
import { assert } from '../../assert.ts'
import type { Database } from '../../storage/database.ts'
import type { RoomView } from '../engine/room-view.ts'
import { stateFor } from '../engine/view-state.ts'

/** Whose signature a room asks of its events, and the key for it. */
export interface PolicyServer {
  readonly server: ServerName
  /** 32 bytes; it stands in the room's state, not among the server's published keys. */
  readonly publicKey: Uint8Array
}

/** The one key id that policy servers sign with. */
export const policyKeyId = keyId('ed25519:policy_server')

/**
 * The policy server of a room, by its current state: named by a well-formed m.room.policy, and with somebody joined.
 * Server-Server API, "Determining if a Policy Server is enabled in a room".
 */
export async function policyServerOf(db: Database, view: RoomView): Promise<PolicyServer | undefined> {
  if (view.currentEvent('m.room.policy', '') === 0) return undefined
  const event = (await stateFor(db, view, view.current, [['m.room.policy', '']])).get('m.room.policy', '')
  const { via, public_keys: keys } = event?.content ?? {}
  const server = typeof via === 'string' ? parseServerName(via) : undefined
  const text = isJsonObject(keys) ? keys['ed25519'] : undefined
  const publicKey = typeof text === 'string' ? decodeBase64(text) : undefined
  if (server === undefined || publicKey?.length !== 32 || !view.servers.has(server)) return undefined
  return { server, publicKey }
}

/** Must an event have the policy server's signature? All but the one that names the policy server. */
export function needsPolicy(event: { readonly type: string; readonly stateKey?: string | undefined }): boolean {
  return event.type !== 'm.room.policy' || event.stateKey !== ''
}

/** Does an event have the good signature of this policy server? */
export function isRecommended(pdu: Pdu, rules: RoomRules, { server, publicKey }: PolicyServer): boolean {
  const text = signaturesOf(pdu, server).find(([name]) => name === policyKeyId)?.[1]
  const signature = text === undefined ? undefined : decodeBase64(text)
  return signature !== undefined && verifyBytes(publicKey, signature, signedBytes(pdu, rules))
}

function keyId(name: string): KeyId {
  const parsed = parseKeyId(name)
  assert(parsed !== undefined, `${name} is a key id`)
  return parsed
}
