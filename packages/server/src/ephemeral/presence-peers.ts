import type { JsonObject, ServerName, UserId } from '@causeway/events'
import type { Clock } from '../platform/clock.ts'
import { presenceEduEveryMs, presenceEdusInRow, presenceOfEduMax } from './limits.ts'
import { presenceEdu } from './presence-edu.ts'
import type { PresenceState } from './presence.ts'

interface Ports {
  readonly clock: Clock
  /** The servers that share a room with each of some users of ours. */
  readonly serversOf: (userIds: readonly UserId[]) => Promise<readonly { readonly userId: UserId; readonly server: ServerName }[]>
  readonly stateOf: (userId: UserId) => PresenceState | undefined
  readonly send: (server: ServerName, content: JsonObject) => void
}

/** What waits for a server. */
interface Peer {
  readonly users: Set<UserId>
  /** When the EDUs that it got are paid for: each costs some time. */
  paidAt: number
  waiting: boolean
}

/**
 * Tells other servers of our users' presence, of many users in one EDU, and each server seldom: what changes meanwhile waits
 * and is told as it is then.
 */
export class PresencePeers {
  readonly #ports: Ports
  readonly #peers = new Map<ServerName, Peer>()

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** The presence of users of ours changed, or is to be told again. */
  async changed(userIds: readonly UserId[]): Promise<void> {
    const touched = new Set<ServerName>()
    for (const { userId, server } of await this.#ports.serversOf(userIds)) {
      let peer = this.#peers.get(server)
      if (peer === undefined) this.#peers.set(server, (peer = { users: new Set(), paidAt: 0, waiting: false }))
      peer.users.add(userId)
      touched.add(server)
    }
    for (const server of touched) this.#send(server)
  }

  #send(server: ServerName): void {
    const peer = this.#peers.get(server)
    if (peer === undefined) return
    const now = this.#ports.clock.monotonic()
    const inRow = presenceEduEveryMs * (presenceEdusInRow - 1)
    while (peer.users.size > 0 && peer.paidAt - now <= inRow) this.#sendNow(server, peer, now)
    if (peer.waiting) return
    // A server that is told nothing and owes nothing is forgotten.
    if (peer.users.size === 0 && peer.paidAt <= now) return void this.#peers.delete(server)
    const due = peer.users.size > 0 ? peer.paidAt - inRow : peer.paidAt
    peer.waiting = true
    this.#ports.clock.schedule(Math.max(1, due - now), () => {
      peer.waiting = false
      this.#send(server)
    })
  }

  #sendNow(server: ServerName, peer: Peer, now: number): void {
    const users = [...peer.users].slice(0, presenceOfEduMax)
    for (const userId of users) peer.users.delete(userId)
    const states = users.map((userId) => this.#ports.stateOf(userId)).filter((state) => state !== undefined)
    if (states.length === 0) return
    peer.paidAt = Math.max(peer.paidAt, now) + presenceEduEveryMs
    this.#ports.send(server, presenceEdu(states, this.#ports.clock.now()))
  }
}
