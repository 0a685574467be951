import type { Config } from '../../config/config.ts'
import { IdentityServers } from '../../federation/identity/identity-servers.ts'
import { RateClass } from '../../http/rate-limiter.ts'
import { InviteGate } from '../../rooms/membership/invite-gate.ts'
import type { RoomPorts } from '../../rooms/room-methods.ts'
import type { Users } from '../../users/compose-users.ts'
import type { Platform } from '../application.ts'
import type { Federation } from './compose-federation.ts'
import { inviteRules, isActiveUser } from './compose-user-layer.ts'

/** What inviting stands on. The buckets of the gate are this process's own. */
export function composeInviting(
  { server, rates, federation: { identityServers } }: Config,
  { clock }: Platform,
  { outbound }: Federation,
  users: Users,
): Pick<RoomPorts, 'inviteGate' | 'identityServers'> {
  const inviteGate = new InviteGate({
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
  return {
    inviteGate,
    identityServers: new IdentityServers({ outbound, allowed: identityServers }),
  }
}
