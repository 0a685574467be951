import { serverOf, type ServerName, type UserId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import type { RateClass } from '../../http/rate-limiter.ts'
import type { InviteRules } from '../../users/account-data/invite-rules.ts'

interface Ports {
  readonly serverName: ServerName
  /** Is this one of our users, who can still log in? */
  readonly isActive: (userId: UserId) => Promise<boolean>
  /** Of whom one of our users wants to be invited. */
  readonly rulesOf: (userId: UserId) => Promise<InviteRules>
  /** How often somebody may be invited: by the same person, by the people of one other server, by anybody. Absent where nothing is limited. */
  readonly rates: InviteRates | undefined
}

/** An invite that passed; without a target it is one of an address. */
export interface PassedInvite {
  readonly inviter: UserId
  readonly target?: UserId
}

interface InviteRates {
  readonly person: RateClass
  readonly server: RateClass
  readonly user: RateClass
  /** How often somebody of ours may invite by address. */
  readonly address: RateClass
}

/**
 * What every invite of one of our users has to pass before it comes into being, or is signed for another server. Invites of one user
 * are into rooms of several processes: what passes here is told to the others (`onPassed`), and what passed there is counted here (`note`).
 */
export class InviteGate {
  readonly #ports: Ports
  #passed: ((invite: PassedInvite) => void) | undefined

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** Tell of each invite that passes where something is limited. */
  onPassed(listener: (invite: PassedInvite) => void): void {
    this.#passed = listener
  }

  /** Another process let an invite pass. */
  note({ inviter, target }: PassedInvite): void {
    if (target === undefined) this.#ports.rates?.address.take(inviter)
    else this.#take(inviter, target)
  }

  /**
   * Let one invite pass. Throws M_NOT_FOUND where there is nobody (any more), M_INVITE_BLOCKED where `target` does not want it (Client-Server API, "Invite permission"), and
   * M_LIMIT_EXCEEDED where there are too many.
   */
  async pass(inviter: UserId, target: UserId): Promise<void> {
    if (!(await this.#ports.isActive(target))) throw new MatrixError('M_NOT_FOUND', 'There is no such user')
    const rules = await this.#ports.rulesOf(target)
    if (rules.actionFor(inviter) === 'block') throw new MatrixError('M_INVITE_BLOCKED', 'The user does not accept this invite')
    this.#count(inviter, target)
  }

  /** Let somebody of ours invite one more address: each is a message to somebody who may not even know of us. Throws M_LIMIT_EXCEEDED. */
  passAddress(inviter: UserId): void {
    const { rates } = this.#ports
    if (rates === undefined) return
    const waitMs = rates.address.take(inviter)
    if (waitMs === 0) return this.#passed?.({ inviter })
    throw new MatrixError('M_LIMIT_EXCEEDED', 'You invite too many addresses', { extra: { retry_after_ms: waitMs } })
  }

  #count(inviter: UserId, target: UserId): void {
    if (this.#ports.rates === undefined) return
    const waitMs = this.#take(inviter, target)
    if (waitMs === 0) return this.#passed?.({ inviter, target })
    // A server that reads 429 keeps away from ours altogether, with the transactions of its other users as well.
    const status = serverOf(inviter) === this.#ports.serverName ? 429 : 403
    throw new MatrixError('M_LIMIT_EXCEEDED', 'The user has been invited too often', { status, extra: { retry_after_ms: waitMs } })
  }

  /** Gives 0, or the milliseconds after which it is worth trying again. */
  #take(inviter: UserId, target: UserId): number {
    const { rates, serverName } = this.#ports
    if (rates === undefined) return 0
    const server = serverOf(inviter)
    const isOurs = server === serverName
    return rates.person.take(`${inviter} ${target}`) || (isOurs ? 0 : rates.server.take(`${server} ${target}`)) || rates.user.take(target)
  }
}
