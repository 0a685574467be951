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

interface InviteRates {
  readonly person: RateClass
  readonly server: RateClass
  readonly user: RateClass
  /** How often somebody of ours may invite by address. */
  readonly address: RateClass
}

/** What every invite of one of our users has to pass before it comes into being, or is signed for another server. */
export class InviteGate {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
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
    const waitMs = this.#ports.rates?.address.take(inviter) ?? 0
    if (waitMs === 0) return
    throw new MatrixError('M_LIMIT_EXCEEDED', 'You invite too many addresses', { extra: { retry_after_ms: waitMs } })
  }

  #count(inviter: UserId, target: UserId): void {
    const { rates, serverName } = this.#ports
    if (rates === undefined) return
    const server = serverOf(inviter)
    const isOurs = server === serverName
    const waitMs =
      rates.person.take(`${inviter} ${target}`) || (isOurs ? 0 : rates.server.take(`${server} ${target}`)) || rates.user.take(target)
    if (waitMs === 0) return
    // A server that reads 429 keeps away from ours altogether, with the transactions of its other users as well.
    const status = isOurs ? 429 : 403
    throw new MatrixError('M_LIMIT_EXCEEDED', 'The user has been invited too often', { status, extra: { retry_after_ms: waitMs } })
  }
}
