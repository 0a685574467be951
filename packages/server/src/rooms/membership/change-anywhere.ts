import { parseUserId, serverOf, type EventId, type JsonObject, type ServerName } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { membershipIn } from '../../storage/tables/memberships.ts'
import { changeMembership, isDesertedHere, takesPart, type MembershipCommand } from '../commands/change-membership.ts'
import type { RoomView } from '../engine/room-view.ts'
import { contentOf } from '../plain-content.ts'
import { underPolicy } from '../policy/approvals.ts'
import type { MembershipArguments, RoomPorts } from '../room-methods.ts'
import { inviteRemote } from './invites.ts'
import { joinRemote } from './join-remote.ts'
import { knockRemote } from './knock-remote.ts'
import { leaveRemote } from './leave-remote.ts'

/**
 * Change a membership: here where this server is in the room, else through servers that are. Gives the event's id where it is made
 * here. Throws what the rules, the other servers, and who is invited say.
 */
export async function changeAnywhere(ports: RoomPorts, args: MembershipArguments): Promise<{ eventId?: EventId }> {
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
  if (args.action === 'invite') await ports.inviteGate.pass(args.sender, args.target)
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
  // Those that were in a room when we were are asked where nobody is named.
  if (view !== undefined && servers.length === 0) for (const server of otherServers(ports, view.servers.keys())) candidates.add(server)
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
