import type { Config } from '../../config/config.ts'
import { RateClass } from '../../http/rate-limiter.ts'
import { InviteGate } from '../../rooms/membership/invite-gate.ts'
import type { Users } from '../../users/compose-users.ts'
import type { Platform } from '../application.ts'
import { inviteRules, isActiveUser } from './compose-user-layer.ts'

/** What every invite of one of our users has to pass; its buckets are this process's own. */
export function composeInviteGate({ server, rates }: Config, { clock }: Pick<Platform, 'clock'>, users: Users): InviteGate {
  return new InviteGate({
    serverName: server.name,
    isActive: (userId) => isActiveUser(users, userId),
    rulesOf: (userId) => inviteRules(users, userId),
    rates: rates.on
      ? {
          person: new RateClass(rates.invitesOfPerson, clock),
          server: new RateClass(rates.invitesOfServer, clock),
          address: new RateClass(rates.addressInvites, clock),
          user: new RateClass(rates.invitesOfUser, clock),
        }
      : undefined,
  })
}
