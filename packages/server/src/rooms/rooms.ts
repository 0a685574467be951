import { canonicalJson, serverOf, type JsonObject, type RoomId, type ServerName, type UserId } from '@causeway/events'
import { createRoom, type CreateRoomCommand } from './commands/create-room.ts'
import { MatrixError } from '../errors.ts'
import type { AddressQuery } from '../federation/identity/identity-servers.ts'
import {
  type InviteArguments,
  type MembershipArguments,
  type RoomMethods,
  type RoomPorts,
  type SendArguments,
  type SendMembershipArguments,
} from './room-methods.ts'
import type { AddressInvite } from './membership/invite-address.ts'
import type { InviteProof } from './membership/third-party-invites.ts'
import { contentOf, type PlainObject } from './plain-content.ts'
import type { ThreadSubscriptionArguments } from './relations/thread-subscription.ts'
import type { UpgradeCommand } from './upgrade/upgrade-room.ts'

/** Calls a room method in the process that owns the room. */
export interface RoomCalls {
  call<Method extends keyof RoomMethods>(
    roomId: RoomId,
    method: Method,
    args: Parameters<RoomMethods[Method]>[0],
  ): ReturnType<RoomMethods[Method]>
  /** May this process write rooms of this shard? */
  owns(shard: number): boolean
  /** Resolves when there are shards whose rooms this process may write, or when that takes too long. */
  ownsSome(): Promise<void>
}

/** A room to be made, as plain data. */
export type CreateRoomArguments = Omit<
  CreateRoomCommand,
  'creationContent' | 'powerLevelOverride' | 'initialState' | 'creatorProfile' | 'localInvites'
> & {
  readonly creationContent: PlainObject
  /** Invites of addresses, sent when the room is there. */
  readonly addresses?: readonly AddressQuery[]
  readonly powerLevelOverride: PlainObject | undefined
  readonly initialState: readonly { readonly type: string; readonly stateKey: string; readonly content: PlainObject }[]
}

/** What the APIs tell rooms to do. Knows no request; each method is one user action. */
export class Rooms {
  readonly #ports: RoomPorts
  readonly #calls: RoomCalls

  constructor(ports: RoomPorts, calls: RoomCalls) {
    this.#ports = ports
    this.#calls = calls
  }

  /**
   * Make a room in this process, in one of its shards. Invites of our own users are part of it; those of others are sent
   * to their servers when it is there.
   */
  async create(args: CreateRoomArguments): Promise<RoomId> {
    const { engine } = this.#ports
    await this.#calls.ownsSome()
    const invited = [...new Set(args.invite)].filter((target) => target !== args.creator)
    const local = invited.filter((target) => serverOf(target) === engine.ports.serverName)
    for (const target of local) await this.#ports.inviteGate.pass(args.creator, target)
    const direct: JsonObject = args.isDirect ? { is_direct: true } : {}
    const command: CreateRoomCommand = {
      ...args,
      creationContent: contentOf(args.creationContent),
      powerLevelOverride: args.powerLevelOverride === undefined ? undefined : contentOf(args.powerLevelOverride),
      initialState: args.initialState.map((event) => ({ ...event, content: contentOf(event.content) })),
      creatorProfile: await this.#ports.profileOf(args.creator),
      localInvites: await Promise.all(
        local.map(async (target) => ({ target, content: { ...direct, ...(await this.#ports.profileOf(target)) } })),
      ),
    }
    const roomId = await createRoom(engine, await this.#ports.newRoomNumber(), command, (shard) => this.#calls.owns(shard))
    for (const target of invited) if (!local.includes(target)) await this.#inviteFirst(roomId, args.creator, target, args.isDirect)
    for (const address of args.addresses ?? []) {
      const invite = this.inviteAddress({ ...address, roomId, sender: args.creator, isDirect: args.isDirect })
      await invite.catch((error: unknown) => this.#ports.log.warn({ err: error, room: roomId }, 'an invite of an address failed'))
    }
    return roomId
  }

  /** One of the first invites: that a server cannot be reached does not undo the room. */
  async #inviteFirst(roomId: RoomId, sender: UserId, target: UserId, isDirect: boolean): Promise<void> {
    const content = isDirect ? { is_direct: true } : {}
    try {
      await this.#calls.call(roomId, 'changeMembership', { roomId, sender, target, action: 'invite', content })
    } catch (error) {
      this.#ports.log.warn({ err: error, room: roomId, target }, 'an invite of a new room failed')
    }
  }

  /**
   * Put a new room in the place of one that the sender is in; see `upgradeRoom`. A room that is not there is refused as one
   * that the sender is not in.
   */
  async upgrade(args: UpgradeCommand): Promise<RoomId> {
    const view = await this.#ports.engine.view(args.roomId)
    if (view === undefined) throw new MatrixError('M_FORBIDDEN', 'You are not joined to this room')
    return (await this.#calls.call(args.roomId, 'upgrade', args)).roomId
  }

  /** The one of our users in whose name the operator may have a room upgraded; see `upgraderOf`. */
  async upgrader(roomId: RoomId): Promise<UserId | undefined> {
    const view = await this.#ports.engine.view(roomId)
    return view === undefined ? undefined : (await this.#calls.call(roomId, 'upgrader', { roomId })).userId
  }

  send(args: SendArguments): ReturnType<RoomMethods['send']> {
    return this.#calls.call(args.roomId, 'send', args)
  }

  changeMembership(args: MembershipArguments): ReturnType<RoomMethods['changeMembership']> {
    return this.#calls.call(args.roomId, 'changeMembership', args)
  }

  makeMembership(args: Parameters<RoomMethods['makeMembership']>[0]): ReturnType<RoomMethods['makeMembership']> {
    return this.#calls.call(args.roomId, 'makeMembership', args)
  }

  sendMembership(args: SendMembershipArguments): ReturnType<RoomMethods['sendMembership']> {
    return this.#calls.call(args.roomId, 'sendMembership', args)
  }

  receiveInvite(args: InviteArguments): ReturnType<RoomMethods['receiveInvite']> {
    return this.#calls.call(args.roomId, 'receiveInvite', args)
  }

  inviteAddress(args: AddressInvite): ReturnType<RoomMethods['inviteAddress']> {
    return this.#calls.call(args.roomId, 'inviteAddress', args)
  }

  async acceptThirdPartyInvite(proof: InviteProof): Promise<void> {
    await this.#calls.call(proof.roomId, 'acceptThirdPartyInvite', { ...proof, signed: canonicalJson(proof.signed) })
  }

  /**
   * Take the proofs that an identity server brings. One that does not work is no reason to drop the others; what failed for want of another
   * server is thrown in the end, so that it may be brought again.
   */
  async acceptThirdPartyInvites(proofs: readonly InviteProof[]): Promise<void> {
    let unavailable: MatrixError | undefined
    for (const proof of proofs) {
      try {
        await this.acceptThirdPartyInvite(proof)
      } catch (error) {
        if (!(error instanceof MatrixError)) throw error
        this.#ports.log.info({ room: proof.roomId, code: error.code, why: error.message }, 'a third-party invite did not come about')
        if (error.status >= 500) unavailable = error
      }
    }
    if (unavailable !== undefined) throw unavailable
  }

  async exchangeThirdPartyInvite(proof: InviteProof & { readonly origin: ServerName }): Promise<void> {
    await this.#calls.call(proof.roomId, 'exchangeThirdPartyInvite', { ...proof, signed: canonicalJson(proof.signed) })
  }

  subscribeThread(args: ThreadSubscriptionArguments): ReturnType<RoomMethods['subscribeThread']> {
    return this.#calls.call(args.roomId, 'subscribeThread', args)
  }

  signForPolicy(args: Parameters<RoomMethods['signForPolicy']>[0]): ReturnType<RoomMethods['signForPolicy']> {
    return this.#calls.call(args.roomId, 'signForPolicy', args)
  }

  forget(roomId: RoomId, userId: UserId): ReturnType<RoomMethods['forget']> {
    return this.#calls.call(roomId, 'forget', { roomId, userId })
  }
}
