import { canonicalJson, parseUserId, type EventId, type JsonObject, type RoomId, type ServerName, type UserId } from '@causeway/events'
import { assert } from '../assert.ts'
import type { IdentityServers } from '../federation/identity/identity-servers.ts'
import type { Logger } from '../platform/logger.ts'
import type { MembershipCommand } from './commands/change-membership.ts'
import { forgetRoom } from './commands/forget-room.ts'
import { sendEvent } from './commands/send-event.ts'
import { subscribeThread } from './commands/subscribe-thread.ts'
import type { RoomEngine } from './engine/room-engine.ts'
import type { TransactionKey, TransactionMemory } from './engine/transaction-memory.ts'
import { historyMethods } from './inbound/history-methods.ts'
import type { Inbox } from './inbound/inbox.ts'
import type { RoomPeers } from './inbound/room-peers.ts'
import type { Unverified } from './inbound/unverified.ts'
import { admitPdus, type PduAnswer } from './inbound/receive-transaction.ts'
import { changeAnywhere } from './membership/change-anywhere.ts'
import type { InviteGate } from './membership/invite-gate.ts'
import { inviteAddress, type AddressInvite } from './membership/invite-address.ts'
import { receiveInvite } from './membership/invites.ts'
import type { MembershipPeers } from './membership/membership-peers.ts'
import {
  joinAnswer,
  knockAnswer,
  makeMembership,
  sendMembership,
  type MakeRequest,
  type OwnMembership,
} from './membership/serve-membership.ts'
import type { RemoteLeaves } from './membership/remote-leaves.ts'
import { acceptThirdPartyInvite, exchangeThirdPartyInvite, type InviteProof } from './membership/third-party-invites.ts'
import { contentOf, objectOf, valueOf, type PlainObject } from './plain-content.ts'
import { signForPolicy, type PolicyArguments } from './policy/sign-for-policy.ts'
import type { PolicyDesk } from './policy/policy-desk.ts'
import { underPolicy } from './policy/approvals.ts'
import type { ThreadSubscriptionArguments } from './relations/thread-subscription.ts'
import { upgradeRoom, type UpgradeCommand } from './upgrade/upgrade-room.ts'
import { upgraderOf } from './upgrade/upgrader-of.ts'

/** What the room methods stand on. */
export interface RoomPorts {
  readonly engine: RoomEngine
  readonly transactions: TransactionMemory
  readonly peers: RoomPeers
  readonly membershipPeers: MembershipPeers
  /** This server as a policy server; absent where it is none. */
  readonly policyDesk: PolicyDesk | undefined
  readonly inbox: Inbox
  readonly unverified: Unverified
  readonly log: Logger
  readonly newRoomNumber: () => Promise<number>
  /** May this process write rooms of this shard? */
  readonly owns: (shard: number) => boolean
  /** What every invite of one of our users has to pass. */
  readonly inviteGate: Pick<InviteGate, 'pass' | 'passAddress'>
  readonly identityServers: Pick<IdentityServers, 'lookup' | 'storeInvite' | 'isKeyValid'>
  /** The profile that a member event of one of our users shows. */
  readonly profileOf: (userId: UserId) => Promise<JsonObject>
  /** Let the push rules of threads hold for a user of ours (MSC4306). */
  readonly turnOnThreadRules: (userId: UserId) => Promise<void>
  /** Tells other servers what of leaves only this one knows. */
  readonly remoteLeaves: Pick<RemoteLeaves, 'tell' | 'hasRoom'>
  readonly background: (work: () => Promise<void>) => void
  /** Are members left out of the answer to a join, and fetched afterwards (MSC3706)? */
  readonly omitMembers: boolean
  readonly fetchRest: (roomId: RoomId) => void
  /** Resolves when the whole state of a room is here. Throws when that takes too long. */
  readonly complete: (roomId: RoomId) => Promise<void>
}

/** An event to send, as plain data. */
export interface SendArguments {
  readonly roomId: RoomId
  readonly sender: UserId
  readonly type: string
  readonly stateKey?: string
  readonly content: PlainObject
  readonly redacts?: EventId
  readonly originServerTs?: number
  readonly transaction?: { readonly key: TransactionKey; readonly txnId: string }
}

/** A change of membership, as plain data. */
export interface MembershipArguments {
  readonly roomId: RoomId
  readonly sender: UserId
  readonly target: UserId
  readonly action: MembershipCommand['action']
  readonly reason?: string
  readonly content?: PlainObject
  /** For a join or a knock: servers that may be in the room. */
  readonly servers?: readonly ServerName[]
}

/** A member event of another server, as text: numbers of old rooms are kept as they were written. */
export interface SendMembershipArguments {
  readonly origin: ServerName
  readonly roomId: RoomId
  readonly eventId: EventId
  readonly membership: OwnMembership
  readonly body: string
  readonly omitMembers?: boolean
}

/** An invite from another server, its event and state as text. */
export interface InviteArguments {
  readonly origin: ServerName
  readonly roomId: RoomId
  readonly eventId: EventId
  readonly roomVersion: string
  readonly event: string
  readonly strippedState?: string
}

/** The proof that an invited address is somebody's; what was signed as text, as it was signed. */
export type ProofArguments = Omit<InviteProof, 'signed'> & { readonly signed: string }

/**
 * What can be done to a room, over plain data only: each runs in the process that owns the room, and any process can call
 * it there.
 */
export function roomMethods(ports: RoomPorts) {
  const { engine } = ports
  return {
    ...historyMethods(ports),

    /** Send an event; resolves with its id once it is durable. */
    async send(args: SendArguments): Promise<{ eventId: EventId }> {
      const invited = invitedBy(args)
      if (invited !== undefined) {
        const { eventId } = await changeAnywhere(ports, invited)
        assert(eventId !== undefined, 'an invite is made here')
        return { eventId }
      }
      const command = { ...args, content: givenContent(args) }
      const eventId = await underPolicy(engine, ports.peers, () => sendEvent(engine, ports.transactions, command))
      return { eventId }
    },

    /** Change a membership: locally where we are in the room, else through other servers. */
    changeMembership: (args: MembershipArguments): Promise<{ eventId?: EventId }> => changeAnywhere(ports, args),

    /** A template for the member event of a user of another server. */
    async makeMembership(args: MakeRequest): Promise<{ roomVersion: string; event: string }> {
      const { roomVersion, event } = await makeMembership(ports, args)
      return { roomVersion, event: canonicalJson(event) }
    },

    /** Take in the member event of a user of another server; gives the room for a join, what may be known of it for a knock. */
    async sendMembership(args: SendMembershipArguments): Promise<{ answer: string }> {
      const served = await sendMembership(ports, { ...args, body: objectOf(args.body) })
      switch (args.membership) {
        case 'join':
          return { answer: await joinAnswer(ports, served, { omitMembers: args.omitMembers === true }) }
        case 'knock':
          return { answer: await knockAnswer(ports, served) }
        default:
          return { answer: '{}' }
      }
    },

    /** Take in an invite from another server; gives it countersigned. */
    async receiveInvite(args: InviteArguments): Promise<{ event: string }> {
      const stripped = args.strippedState === undefined ? undefined : valueOf(args.strippedState)
      const pdu = await receiveInvite(ports, { ...args, event: objectOf(args.event), strippedState: stripped })
      return { event: pdu.json }
    },

    /** Invite whoever has an address. */
    inviteAddress: (args: AddressInvite): Promise<{ eventId?: EventId }> => inviteAddress(ports, args),

    /** Take the proof that an invited address is one of our users'; `signed` as text. */
    async acceptThirdPartyInvite(args: ProofArguments): Promise<object> {
      await acceptThirdPartyInvite(ports, { ...args, signed: objectOf(args.signed) })
      return {}
    },

    /** Make the invite for which another server brings the proof. */
    async exchangeThirdPartyInvite(args: ProofArguments & { readonly origin: ServerName }): Promise<object> {
      await exchangeThirdPartyInvite(ports, args.origin, { ...args, signed: objectOf(args.signed) })
      return {}
    },

    /** Take in events from another server, for the process that answers it. */
    async admitPdus(args: {
      readonly roomId: RoomId
      readonly origin: ServerName
      readonly pdus: readonly string[]
    }): Promise<{ answers: readonly PduAnswer[] }> {
      return { answers: await admitPdus(ports, args.roomId, args.origin, args.pdus.map(objectOf)) }
    },

    /** Subscribe a user of ours to a thread, or end that. */
    subscribeThread: (args: ThreadSubscriptionArguments): Promise<object> => subscribeThread(ports, args),

    /** Sign an event as the room's policy server, for a server that asks. */
    signForPolicy: (args: PolicyArguments): Promise<{ signature: string }> => signForPolicy(ports.policyDesk, args),

    /** Put a new room in the place of this one. */
    async upgrade(args: UpgradeCommand): Promise<{ roomId: RoomId }> {
      return { roomId: await underPolicy(engine, ports.peers, () => upgradeRoom(ports, args)) }
    },

    /** Who of our users may do that; see `upgraderOf`. */
    async upgrader(args: { readonly roomId: RoomId }): Promise<{ userId?: UserId }> {
      const userId = await upgraderOf(engine, args.roomId)
      return userId === undefined ? {} : { userId }
    },

    /** Forget a room that the user has left. */
    async forget(args: { readonly roomId: RoomId; readonly userId: UserId }): Promise<object> {
      await forgetRoom(engine, args.roomId, args.userId)
      return {}
    },
  }
}

/** The methods that `Rooms` calls in the owner's process. */
export type RoomMethods = ReturnType<typeof roomMethods>

/** Who vouches for a join is not for the client to say: others would drop what nobody has vouched for. */
function givenContent({ type, content }: SendArguments): JsonObject {
  const { join_authorised_via_users_server: authoriser, ...rest } = content
  return contentOf(type === 'm.room.member' && authoriser !== undefined ? rest : content)
}

/** An invite that is sent as the state event that it is comes about like any other: its user's server has to sign it. */
function invitedBy({ roomId, sender, type, stateKey, content }: SendArguments): MembershipArguments | undefined {
  const target = type === 'm.room.member' && content['membership'] === 'invite' ? parseUserId(stateKey ?? '') : undefined
  if (target === undefined) return undefined
  const { membership: _membership, ...rest } = content
  return { roomId, sender, target, action: 'invite', content: rest }
}
