import {
  canonicalJson,
  fromPlain,
  isJsonObject,
  parseJson,
  parseUserId,
  serverOf,
  type EventId,
  type JsonObject,
  type JsonValue,
  type RoomId,
  type ServerName,
  type UserId,
} from '@causeway/events'
import { MatrixError } from '../errors.ts'
import type { Logger } from '../platform/logger.ts'
import { membershipIn } from '../storage/tables/memberships.ts'
import { changeMembership, isDesertedHere, takesPart, type MembershipCommand } from './commands/change-membership.ts'
import { forgetRoom } from './commands/forget-room.ts'
import { sendEvent } from './commands/send-event.ts'
import { subscribeThread } from './commands/subscribe-thread.ts'
import type { RoomEngine } from './engine/room-engine.ts'
import type { RoomView } from './engine/room-view.ts'
import type { TransactionKey, TransactionMemory } from './engine/transaction-memory.ts'
import { historyMethods } from './inbound/history-methods.ts'
import type { Inbox } from './inbound/inbox.ts'
import type { RoomPeers } from './inbound/room-peers.ts'
import { admitPdus, type PduAnswer } from './inbound/receive-transaction.ts'
import { inviteRemote, receiveInvite } from './membership/invites.ts'
import { joinRemote } from './membership/join-remote.ts'
import { knockRemote } from './membership/knock-remote.ts'
import { leaveRemote } from './membership/leave-remote.ts'
import type { MembershipPeers } from './membership/membership-peers.ts'
import {
  joinAnswer,
  knockAnswer,
  makeMembership,
  sendMembership,
  type MakeRequest,
  type OwnMembership,
} from './membership/serve-membership.ts'
import { underPolicy } from './policy/approvals.ts'
import type { ThreadSubscriptionArguments } from './relations/thread-subscription.ts'
import { upgradeRoom, type UpgradeCommand } from './upgrade/upgrade-room.ts'

/** An object as JSON.parse gives it: what a client sent as content. */
export type PlainObject = Readonly<Record<string, unknown>>

/** What the room methods stand on. */
export interface RoomPorts {
  readonly engine: RoomEngine
  readonly transactions: TransactionMemory
  readonly peers: RoomPeers
  readonly membershipPeers: MembershipPeers
  readonly inbox: Inbox
  readonly log: Logger
  readonly newRoomNumber: () => Promise<number>
  /** May this process write rooms of this shard? */
  readonly owns: (shard: number) => boolean
  readonly isActiveUser: (userId: UserId) => Promise<boolean>
  /** The profile that a member event of one of our users shows. */
  readonly profileOf: (userId: UserId) => Promise<JsonObject>
  /** Let the push rules of threads hold for a user of ours (MSC4306). */
  readonly turnOnThreadRules: (userId: UserId) => Promise<void>
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
      const command = { ...args, content: givenContent(args) }
      const eventId = await underPolicy(engine, ports.peers, () => sendEvent(engine, ports.transactions, command))
      return { eventId }
    },

    /** Change a membership: locally where we are in the room, else through other servers. */
    changeMembership: (args: MembershipArguments): Promise<{ eventId?: EventId }> => change(ports, args),

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

    /** Put a new room in the place of this one. */
    async upgrade(args: UpgradeCommand): Promise<{ roomId: RoomId }> {
      return { roomId: await underPolicy(engine, ports.peers, () => upgradeRoom(ports, args)) }
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

async function change(ports: RoomPorts, args: MembershipArguments): Promise<{ eventId?: EventId }> {
  const { engine } = ports
  const command: MembershipCommand = { ...args, content: contentOf(args.content ?? {}) }
  const view = await engine.view(args.roomId)
  if (view !== undefined && needsWholeState(ports, view, args)) await ports.complete(args.roomId)
  // By a part of the state nobody can tell whether another user of ours may come in.
  const elsewhere = !takesPart(engine, view) || (view?.partial !== undefined && !view.localJoined.has(args.target))
  if (args.action === 'join' && elsewhere) return join(ports, command, args.servers ?? [])
  if (args.action === 'knock' && !takesPart(engine, view)) return knock(ports, command, args.servers ?? [])
  if (args.action === 'leave' && !takesPart(engine, view) && !(await isDesertedHere(engine, view, args.sender))) {
    await leaveRemote(ports, { roomId: args.roomId, userId: args.sender, reason: args.reason })
    return {}
  }
  if (view === undefined) throw new MatrixError('M_NOT_FOUND', 'Unknown room')
  const ours = serverOf(args.target) === engine.ports.serverName
  if (args.action === 'invite' && !ours) {
    const reason: JsonObject = args.reason === undefined ? {} : { reason: args.reason }
    const content: JsonObject = { ...command.content, ...reason }
    return { eventId: await inviteRemote(ports, { roomId: args.roomId, sender: args.sender, target: args.target, content }) }
  }
  const withProfile = ours && (args.action === 'join' || args.action === 'knock' || args.action === 'invite')
  try {
    const profile = withProfile ? await ports.profileOf(args.target) : undefined
    return { eventId: await underPolicy(engine, ports.peers, () => changeMembership(engine, { ...command, profile })) }
  } catch (error) {
    // Nobody here may vouch for a join to this restricted room: somebody elsewhere may.
    if (error instanceof MatrixError && error.code === 'M_UNABLE_TO_GRANT_JOIN') {
      return join(ports, command, otherServers(ports, view.servers.keys()))
    }
    throw error
  }
}

/** Is somebody else concerned of whom the part of the state that is here says nothing? */
function needsWholeState({ engine }: RoomPorts, view: RoomView, { sender, target }: MembershipArguments): boolean {
  return view.partial !== undefined && sender !== target && view.currentEvent('m.room.member', target) === 0 && takesPart(engine, view)
}

async function join(ports: RoomPorts, command: MembershipCommand, servers: readonly ServerName[]): Promise<object> {
  const { engine } = ports
  const view = await engine.view(command.roomId)
  const invite = view === undefined ? undefined : await membershipIn(engine.ports.db, view.room, command.target)
  const candidates = new Set<ServerName>(servers)
  // Whoever invited is in the room, most likely; so is, when the client knows of nobody, whoever made the room's id (before version 12).
  const inviter = invite?.membership === 'invite' ? parseUserId(invite.sender) : undefined
  if (inviter !== undefined) candidates.add(serverOf(inviter))
  const origin = servers.length === 0 ? serverOf(command.roomId) : undefined
  if (origin !== undefined) candidates.add(origin)
  if (view !== undefined) for (const server of otherServers(ports, view.servers.keys())) candidates.add(server)
  const reason: JsonObject = command.reason === undefined ? {} : { reason: command.reason }
  const content: JsonObject = { ...command.content, ...(await ports.profileOf(command.target)), ...reason }
  await joinRemote(ports, { roomId: command.roomId, userId: command.target, servers: [...candidates], content })
  return {}
}

async function knock(ports: RoomPorts, command: MembershipCommand, servers: readonly ServerName[]): Promise<object> {
  const view = await ports.engine.view(command.roomId)
  const origin = serverOf(command.roomId)
  const known = view === undefined ? [] : otherServers(ports, view.servers.keys())
  const candidates = new Set<ServerName>([...servers, ...(origin === undefined ? [] : [origin]), ...known])
  const reason: JsonObject = command.reason === undefined ? {} : { reason: command.reason }
  const content: JsonObject = { ...command.content, ...(await ports.profileOf(command.target)), ...reason }
  await knockRemote(ports, { roomId: command.roomId, userId: command.target, servers: [...candidates], content })
  return {}
}

function otherServers(ports: RoomPorts, servers: Iterable<ServerName>): ServerName[] {
  return [...servers].filter((server) => server !== ports.engine.ports.serverName)
}

function valueOf(text: string): JsonValue {
  const parsed = parseJson(text)
  if (!parsed.ok) throw new MatrixError('M_BAD_JSON', parsed.fault.why)
  return parsed.value
}

function objectOf(text: string): JsonObject {
  const value = valueOf(text)
  if (!isJsonObject(value)) throw new MatrixError('M_BAD_JSON', 'An event must be an object')
  return value
}

/** Who vouches for a join is not for the client to say: others would drop what nobody has vouched for. */
function givenContent({ type, content }: SendArguments): JsonObject {
  const { join_authorised_via_users_server: authoriser, ...rest } = content
  return contentOf(type === 'm.room.member' && authoriser !== undefined ? rest : content)
}

/** A client's content as events hold it. Throws M_BAD_JSON. */
export function contentOf(plain: PlainObject): JsonObject {
  const content = fromPlain(plain)
  if (!isJsonObject(content)) throw new MatrixError('M_BAD_JSON', 'The content must be an object that JSON can hold')
  return content
}
