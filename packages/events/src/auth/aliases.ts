import { serverOf } from '../ids/server-of.ts'
import type { Pdu } from '../pdu/pdu.ts'
import { allow, reject, type Verdict } from '../verdict.ts'

/**
 * May `event`, an m.room.aliases of room versions 1 to 5, enter the state? Any user of the server that it speaks for may send it.
 * https://spec.matrix.org/v1.19/rooms/v1/#authorisation-rules rule 4
 */
export function authorizeAliases(event: Pdu): Verdict {
  // 4.1 "If event has no `state_key`, reject."
  if (event.stateKey === undefined) return reject('aliases.state_key', 'aliases are state')

  // 4.2 "If sender's domain doesn't match `state_key`, reject."
  if (event.stateKey !== serverOf(event.sender)) return reject('aliases.domain', "the state key is not the sender's server")

  // 4.3 "Otherwise, allow."
  return allow
}
