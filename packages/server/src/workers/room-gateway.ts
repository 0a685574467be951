import { parseRoomId, type RoomId } from '@causeway/events'
import { MatrixError } from '../errors.ts'
import { endpoint, type Endpoint } from '../http/endpoint.ts'
import { jsonReply } from '../http/reply.ts'
import { limits } from '../limits.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/logger.ts'
import { CommitUnknown } from '../storage/database.ts'
import { answerOfError, parseAnswer, valueOfAnswer, type CallAnswer } from './call-answer.ts'
import type { InternalCalls } from './internal-calls.ts'
import { callBytesMax, callMsMax, ownerLookMs } from './limits.ts'
import type { Ownership } from './ownership.ts'

/** What a room can be told to do: functions over plain data (what JSON carries unchanged). */
export type RoomMethods = Readonly<Record<string, (...args: never[]) => Promise<unknown>>>

interface Ports<Methods extends RoomMethods> {
  readonly methods: Methods
  readonly ownership: Ownership
  /** The shard of a room. */
  readonly shardOf: (roomId: RoomId) => number
  readonly calls: InternalCalls
  readonly clock: Clock
  readonly log: Logger
}

const path = '/_causeway/internal/room'

/**
 * Calls a room's methods where the room is: in this process if it owns the room's shard, else in the one that does. A call
 * that was surely not carried out (the room moved, nobody listened) is made again where the room is now, until its deadline.
 */
export class RoomGateway<Methods extends RoomMethods> {
  readonly #ports: Ports<Methods>

  constructor(ports: Ports<Methods>) {
    this.#ports = ports
  }

  /**
   * Call a method of the room's owner. Throws what the method throws: `MatrixError` as it is; `CommitUnknown` also when the
   * owner was called and gave no answer. Nobody owning the room for as long as `callMsMax` is a 503 M_UNKNOWN.
   */
  async call<Name extends keyof Methods & string>(
    roomId: RoomId,
    method: Name,
    ...args: Parameters<Methods[Name]>
  ): Promise<Awaited<ReturnType<Methods[Name]>>> {
    const { ownership, clock } = this.#ports
    const shard = this.#ports.shardOf(roomId)
    const until = clock.monotonic() + callMsMax
    for (;;) {
      if (ownership.owns(shard)) return (await this.#run(method, args)) as Awaited<ReturnType<Methods[Name]>>
      const owner = ownership.ownerOf(shard)
      const answer = owner === undefined ? moved : await this.#callAt(owner.address, { roomId, method, args }, until - clock.monotonic())
      // The method's own type on the other side: both run the same code.
      if (answer.kind !== 'moved') return valueOfAnswer(answer) as Awaited<ReturnType<Methods[Name]>>
      if (clock.monotonic() + ownerLookMs > until) {
        throw new MatrixError('M_UNKNOWN', 'the room is moving between processes of the server: try again', { status: 503 })
      }
      await clock.sleep(ownerLookMs)
      await this.#look()
    }
  }

  /** Resolves when this process owns rooms, or not for `callMsMax`: beside a dead process it gets none until that one's lease ends. */
  async ownsSome(): Promise<void> {
    const { ownership, clock } = this.#ports
    const until = clock.monotonic() + callMsMax
    while (!shards.some((shard) => ownership.owns(shard)) && clock.monotonic() + ownerLookMs <= until) {
      await clock.sleep(ownerLookMs)
      await this.#look()
    }
  }

  /** Where other processes call this one. Mounted on the internal listener alone. */
  endpoint(): Endpoint<unknown> {
    return endpoint({
      method: 'POST',
      path,
      summary: 'Carry out a call of another process of this server on a room of this one.',
      auth: 'none',
      limit: 'none',
      rawBody: true,
      bodyBytesMax: callBytesMax,
      handle: async (request) => jsonReply(JSON.stringify(await this.#answer(this.#ports.calls.receive(request)))),
    })
  }

  async #callAt(address: string, call: object, ms: number): Promise<CallAnswer> {
    const delivery = await this.#ports.calls.send(address, path, call, Math.max(1, ms))
    if (delivery.kind === 'refused') return moved
    if (delivery.kind === 'lost' || delivery.status !== 200) {
      const why = delivery.kind === 'lost' ? delivery.why : `status ${delivery.status}`
      throw new CommitUnknown(`the process that owns the room did not answer: ${why}`)
    }
    return parseAnswer(delivery.body)
  }

  async #answer(call: unknown): Promise<CallAnswer> {
    const { roomId, method, args } = parseCall(call)
    if (!this.#ports.ownership.owns(this.#ports.shardOf(roomId))) return moved
    try {
      return { kind: 'value', value: await this.#run(method, args) }
    } catch (error) {
      const answer = answerOfError(error)
      if (answer.kind === 'fault') this.#ports.log.error({ err: error, method }, 'a call of another process failed')
      return answer
    }
  }

  #run(name: string, args: readonly unknown[]): Promise<unknown> {
    const method = Object.hasOwn(this.#ports.methods, name) ? this.#ports.methods[name] : undefined
    if (method === undefined) throw new Error(`rooms have no method ${name}`)
    // Whoever calls, here or in another process, was held to the method's parameters by the compiler.
    return method(...(args as never[]))
  }

  async #look(): Promise<void> {
    try {
      await this.#ports.ownership.refresh()
    } catch (error) {
      this.#ports.log.debug({ err: error }, 'the owners of rooms could not be read')
    }
  }
}

const shards = Array.from({ length: limits.shards }, (_, shard) => shard)

const moved: CallAnswer = { kind: 'moved' }

function parseCall(call: unknown): { readonly roomId: RoomId; readonly method: string; readonly args: readonly unknown[] } {
  if (typeof call === 'object' && call !== null && 'roomId' in call && 'method' in call && 'args' in call) {
    const { method, args } = call
    const roomId = typeof call.roomId === 'string' ? parseRoomId(call.roomId) : undefined
    if (roomId !== undefined && typeof method === 'string' && Array.isArray(args)) return { roomId, method, args }
  }
  throw new MatrixError('M_BAD_JSON', 'not a call of a room')
}
