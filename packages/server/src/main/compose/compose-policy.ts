import { encodeBase64 } from '@causeway/events'
import type { Config } from '../../config/config.ts'
import { RateClass } from '../../http/rate-limiter.ts'
import type { RoomEngine } from '../../rooms/engine/room-engine.ts'
import { PolicyDesk } from '../../rooms/policy/policy-desk.ts'
import type { Platform } from '../application.ts'
import type { Federation } from './compose-federation.ts'

const msPerMinute = 60_000

/** This server as a policy server, where the operator wants that. The buckets are of the process that owns the room. */
export function composePolicy(
  { policyServer, rates }: Config,
  { clock }: Platform,
  { policyKey }: Federation,
  engine: RoomEngine,
): PolicyDesk | undefined {
  if (policyKey === undefined) return undefined
  const { eventsPerMinute } = policyServer
  const limited = rates.on && eventsPerMinute !== undefined
  const senders = limited ? new RateClass({ perSecond: (eventsPerMinute * 1000) / msPerMinute, burst: eventsPerMinute }, clock) : undefined
  return new PolicyDesk({ engine, key: policyKey, rules: policyServer, senders })
}

/** What others are told of it. */
export function policySigner({ policyKey, signer }: Federation) {
  if (policyKey === undefined) return undefined
  return { serverName: signer.serverName, keyId: policyKey.keyId, publicKey: encodeBase64(policyKey.publicKey) }
}
