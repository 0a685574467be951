import { parseUserId } from '@causeway/events'
import type { Config } from '../../config/config.ts'
import { IdentityServers } from '../../federation/identity/identity-servers.ts'
import { RateClass } from '../../http/rate-limiter.ts'
import { InviteGate, type PassedInvite } from '../../rooms/membership/invite-gate.ts'
import type { RoomPorts } from '../../rooms/room-methods.ts'
import type { Users } from '../../users/compose-users.ts'
import type { Platform } from '../application.ts'
import type { Cluster } from './compose-cluster.ts'
import type { Federation } from './compose-federation.ts'
import { inviteRules, isActiveUser } from './compose-user-layer.ts'

/** What inviting stands on. */
export function composeInviting(
  { server, rates, federation: { identityServers } }: Config,
  { clock }: Platform,
  { outbound }: Federation,
  users: Users,
): Pick<RoomPorts, 'identityServers'> & { readonly inviteGate: InviteGate } {
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

const inviteMessage = 'invite'

/** All processes of this server count the invites that any of them lets pass, but for those that are on their way. */
export function countTogether(gate: Pick<InviteGate, 'onPassed' | 'note'>, cluster: Pick<Cluster, 'tell' | 'onTold'>): void {
  gate.onPassed((invite) => cluster.tell(inviteMessage, invite))
  cluster.onTold(inviteMessage, (body) => {
    const invite = passedInvite(body)
    if (invite !== undefined) gate.note(invite)
  })
}

function passedInvite(body: unknown): PassedInvite | undefined {
  if (typeof body !== 'object' || body === null || !('inviter' in body) || typeof body.inviter !== 'string') return undefined
  const inviter = parseUserId(body.inviter)
  const named = 'target' in body && typeof body.target === 'string' ? body.target : undefined
  const target = named === undefined ? undefined : parseUserId(named)
  if (inviter === undefined || (named !== undefined && target === undefined)) return undefined
  return { inviter, ...(target === undefined ? {} : { target }) }
}
