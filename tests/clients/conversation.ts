import assert from 'node:assert/strict'
import { ConnectionError, EventStatus, MatrixError, MsgType, Preset, type MatrixClient, type MatrixEvent, type Room } from 'matrix-js-sdk'
import type { RoomMessageEventContent } from 'matrix-js-sdk/lib/types.js'
import type { Homeserver } from '../../packages/testkit/src/processes/homeserver.ts'
import { openTcpLink, type TcpLink } from '../../packages/testkit/src/processes/tcp-link.ts'
import type { SeededRandom } from '../../packages/testkit/src/checker/seeded-random.ts'
import { decryptedText, encryption, reads, timelineOf, type Devices } from './devices.ts'
import { seesDevice, seesJoined } from './verification.ts'
import { until } from './waiting.ts'

/** One of the two servers of a conversation. */
export class Side {
  readonly server: Homeserver
  /**
   * A Synapse. Its pages of history leave out what came late and stands far back (they go by depth), which is asked for by its id.
   * It tries to reach a server again only when it hears from it, or has something new for it.
   */
  readonly isForeign: boolean
  #running: Promise<void> = Promise.resolve()

  constructor(server: Homeserver, isForeign: boolean) {
    this.server = server
    this.isForeign = isForeign
  }

  /** Resolves while the server runs. */
  running(): Promise<void> {
    return this.#running
  }

  /** End the server, by SIGTERM or by SIGKILL, and start it again. */
  async restart(how: 'stop' | 'kill'): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#running = promise
    await this.server[how]()
    await this.server.start()
    resolve()
  }
}

/** A device that takes part. */
export interface Member {
  readonly label: string
  readonly localpart: string
  readonly side: Side
  readonly client: MatrixClient
  /** Between the device and its server. */
  readonly link: TcpLink
  away: boolean
  said: number
}

/** A message that was sent, and the devices that were there. */
interface Said {
  readonly eventId: string
  readonly body: string
  readonly from: Member
  readonly audience: readonly Member[]
}

interface Ports {
  readonly devices: Devices
  readonly random: SeededRandom
}

/** Events of one page of history. */
const PAGE_EVENTS = 100

/** Messages after which a sender makes a new key. */
const ROTATION_MESSAGES = 4

/** Milliseconds after which somebody on a foreign server says something more, for its sake. */
const PATIENCE_MS = 10_000

/** Findings that an error shows. */
const FINDINGS_SHOWN = 20

/** Devices of people who write to each other in one encrypted room, and the ledger of what each of them must be able to read. */
export class Conversation {
  readonly members: Member[] = []
  roomId = ''
  readonly #ports: Ports
  readonly #said: Said[] = []

  private constructor(ports: Ports) {
    this.#ports = ports
  }

  get messages(): number {
    return this.#said.length
  }

  /** Two people, each with one device on their own server, in a room where all is well. */
  static async begin(ports: Ports, one: Side, two: Side, name: string): Promise<Conversation> {
    const conversation = new Conversation(ports)
    const [anna, ben] = await Promise.all([conversation.#open(one, `${name}anna`, false), conversation.#open(two, `${name}ben`, false)])
    const initial = [encryption(ROTATION_MESSAGES)]
    const { room_id: roomId } = await anna.client.createRoom({ preset: Preset.PublicChat, initial_state: initial })
    await ben.client.joinRoom(roomId, { viaServers: [one.server.serverName] })
    const [annaId, benId] = [anna.client.getSafeUserId(), ben.client.getSafeUserId()]
    await Promise.all([seesJoined(anna.client, roomId, benId), seesJoined(ben.client, roomId, annaId)])
    conversation.roomId = roomId
    conversation.members.push(anna)
    await conversation.#greet(ben)
    return conversation
  }

  /**
   * Another login of the person on this side, during which `trouble` happens. The device counts as there when all others have heard
   * of it: from then on it must be able to read everything.
   */
  async addDevice(side: Side, trouble: () => Promise<void>): Promise<void> {
    const known = this.members.find((member) => member.side === side)
    assert(known !== undefined)
    const member = await this.#open(side, known.localpart, true)
    const userId = member.client.getSafeUserId()
    await trouble()
    await Promise.all([
      ...this.members.map(({ client }) => seesDevice(client, member.client)),
      ...this.members.map(({ client }) => seesJoined(member.client, this.roomId, client.getSafeUserId())),
      seesJoined(member.client, this.roomId, userId),
    ])
    await this.#greet(member)
  }

  /**
   * A device takes part from now on, and has its first Olm sessions with all others: without any, who writes while a server cannot be
   * reached has no way to give it a key. One after the other, for where both sides make their first session at once, the SDK sends a key
   * again, and takes the second one, which opens less, for the better.
   */
  async #greet(member: Member): Promise<void> {
    const others = [...this.members]
    this.members.push(member)
    for (const other of others) {
      await this.#say(other)
      const text = `${other.label} ${other.said}`
      await until(member.client, () => reads(member.client, this.roomId, text), `'${text}', at its new device`)
    }
    await this.#say(member)
    const text = `${member.label} ${member.said}`
    await Promise.all(others.map(({ client }) => until(client, () => reads(client, this.roomId, text), `'${text}', of a new device`)))
  }

  async #open(side: Side, localpart: string, again: boolean): Promise<Member> {
    const link = await openTcpLink()
    link.forwardTo(Number(new URL(side.server.url).port))
    const client = await this.#ports.devices.open(side.server, localpart, { again, url: `http://127.0.0.1:${link.port}` })
    const label = `${localpart} ${client.getDeviceId()}`
    return { label, localpart, side, client, link, away: false, said: 0 }
  }

  /** This side's server runs again: its devices need not wait until they look again by themselves. */
  wake(side: Side): void {
    for (const member of this.members) if (member.side === side && !member.away) member.client.retryImmediately()
  }

  /** All devices that are not away write, `count` messages together, each one after the other. `onSaid` is called after each. */
  async talk(count: number, onSaid: () => void = () => undefined): Promise<void> {
    const here = this.members.filter(({ away }) => !away)
    const shares = new Map(here.map((member) => [member, 0]))
    for (let n = 0; n < count; n++) {
      const member = this.#ports.random.pick(here)
      shares.set(member, (shares.get(member) ?? 0) + 1)
    }
    const write = async ([member, share]: [Member, number]): Promise<void> => {
      for (let n = 0; n < share; n++) {
        await this.#say(member)
        onSaid()
      }
    }
    await Promise.all([...shares].map(write))
  }

  /** Wait until every device reads what it must. Throws with what is amiss when that has not come to pass in time. */
  async settle(msMax: number): Promise<void> {
    const deadline = performance.now() + msMax
    const foreigner = this.members.find(({ side }) => side.isForeign)
    let patience = performance.now() + PATIENCE_MS
    for (;;) {
      const findings = (await Promise.all(this.members.map((member) => this.#findings(member)))).flat()
      if (findings.length === 0) return
      const shown = findings.slice(0, FINDINGS_SHOWN).join('\n')
      assert(performance.now() < deadline, `${findings.length} findings among ${this.messages} messages:\n${shown}`)
      if (foreigner !== undefined && performance.now() > patience) {
        await this.#say(foreigner)
        patience = performance.now() + PATIENCE_MS
      }
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.members.map(({ link }) => link.close()))
  }

  async #say(from: Member): Promise<void> {
    from.said += 1
    const body = `${from.label} ${from.said}`
    const audience = [...this.members]
    this.#said.push({ eventId: await this.#send(from, body), body, from, audience })
  }

  /** As a person does who sees that a message could not be sent, and that the server is there again: tap on it. */
  async #send({ client, side }: Member, body: string): Promise<string> {
    const room = this.#roomOf(client)
    const txnId = client.makeTxnId()
    const content: RoomMessageEventContent = { msgtype: MsgType.Text, body }
    const sending = client.sendMessage(this.roomId, content, txnId)
    const event = room.getPendingEvents().find((each) => each.getTxnId() === txnId)
    assert(event !== undefined, 'what is being sent is in the list of it')
    let outcome: Promise<unknown> = sending
    for (;;) {
      try {
        await outcome
        return idOf(event)
      } catch (error) {
        if (!(error instanceof ConnectionError)) throw error
      }
      await side.running()
      client.retryImmediately()
      // Its echo may have come by /sync though the answer was lost.
      if (event.status !== EventStatus.NOT_SENT) return idOf(event)
      outcome = client.resendEvent(event, room)
    }
  }

  #roomOf(client: MatrixClient): Room {
    const room = client.getRoom(this.roomId)
    assert(room !== null, `${client.getSafeUserId()} knows the room`)
    return room
  }

  /** An event by its id; absent if the server does not have it. */
  async #fetched(client: MatrixClient, eventId: string): Promise<MatrixEvent | undefined> {
    try {
      const event = client.getEventMapper()(await client.fetchRoomEvent(this.roomId, eventId))
      await client.decryptEventIfNeeded(event)
      return event
    } catch (error) {
      if (error instanceof MatrixError && error.httpStatus === 404) return undefined
      throw error
    }
  }

  /** What a device does not have, cannot read, has twice, or has in another order than it was sent. */
  async #findings({ label, client, side }: Member): Promise<string[]> {
    const room = this.#roomOf(client)
    while (room.oldState.paginationToken !== null) await client.scrollback(room, PAGE_EVENTS)
    const events = Map.groupBy(timelineOf(client, this.roomId), (event) => event.getId() ?? '')
    const places = new Map([...events.keys()].map((eventId, place) => [eventId, place]))
    const findings: string[] = []
    const last = new Map<Member, number>()
    for (const { eventId, body, from, audience } of this.#said) {
      const [shown, twin] = events.get(eventId) ?? []
      const event = shown ?? (side.isForeign ? await this.#fetched(client, eventId) : undefined)
      const place = places.get(eventId) ?? -1
      const what = `${label}: '${body}' (${eventId})`
      if (event === undefined) findings.push(`${what} is not there`)
      else if (twin !== undefined) findings.push(`${what} is there twice`)
      else if (shown !== undefined && place < (last.get(from) ?? -1)) findings.push(`${what} stands before an earlier one`)
      else if (audience.some((member) => member.client === client)) {
        const read = decryptedText(event)
        if (read === undefined) findings.push(`${what} cannot be read: ${event.decryptionFailureReason}`)
        else if (read !== body) findings.push(`${what} reads '${read}'`)
      }
      last.set(from, Math.max(place, last.get(from) ?? -1))
    }
    return findings
  }
}

function idOf(event: MatrixEvent): string {
  const id = event.getId()
  assert(id?.startsWith('$') === true, 'a sent event has its id')
  return id
}
