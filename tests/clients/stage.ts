import { Preset, type MatrixClient } from 'matrix-js-sdk'
import type { Homeserver } from '../../packages/testkit/src/processes/homeserver.ts'
import { encryption, type DeviceOptions, type Devices } from './devices.ts'
import { seesDevice, seesJoined } from './verification.ts'
import { inTime } from './waiting.ts'

/** Milliseconds that one play may take: it only keeps what hangs from doing so for ever. */
export const PLAY_MS_MAX = 300_000

let people = 0

/** Two servers, and people who are made for one play. */
export class Stage {
  /** Where rooms are made. */
  readonly here: Homeserver
  readonly there: Homeserver
  readonly #devices: Devices
  readonly #names = new Map<string, string>()
  readonly #clients: MatrixClient[] = []

  constructor(devices: Devices, here: Homeserver, there: Homeserver) {
    this.#devices = devices
    this.here = here
    this.there = there
  }

  /** Play it. Throws what went wrong, with what each of the devices did last. */
  perform(play: (stage: Stage) => Promise<void>): Promise<void> {
    return this.#devices.explain(
      () => this.#clients,
      () => inTime(play(this), () => 'the end of the play', PLAY_MS_MAX),
    )
  }

  /** Two new people: one here, one there. */
  async pair(): Promise<[MatrixClient, MatrixClient]> {
    return Promise.all([this.#person(this.here, 'alice'), this.#person(this.there, 'bob')])
  }

  /** Another device of somebody; `recoveryKey`: what its user types in. */
  async again(client: MatrixClient, recoveryKey?: string): Promise<MatrixClient> {
    const server = client.getDomain() === this.here.serverName ? this.here : this.there
    const localpart = this.#names.get(client.getSafeUserId()) ?? ''
    return this.#open(server, localpart, { again: true, ...(recoveryKey === undefined ? {} : { recoveryKey }) })
  }

  async #person(server: Homeserver, name: string): Promise<MatrixClient> {
    people += 1
    const localpart = `sdk-${name}-${people}`
    const client = await this.#open(server, localpart)
    this.#names.set(client.getSafeUserId(), localpart)
    return client
  }

  async #open(server: Homeserver, localpart: string, options: DeviceOptions = {}): Promise<MatrixClient> {
    const client = await this.#devices.open(server, localpart, options)
    this.#clients.push(client)
    return client
  }
}

/** An encrypted room made by `alice`, which `bob` has joined; each sees the other in it, and knows the other's device. */
export async function encryptedRoom(stage: Stage, alice: MatrixClient, bob: MatrixClient): Promise<string> {
  const { room_id: roomId } = await alice.createRoom({ preset: Preset.PublicChat, initial_state: [encryption()] })
  await bob.joinRoom(roomId, { viaServers: [stage.here.serverName] })
  await Promise.all([seesJoined(alice, roomId, bob.getSafeUserId()), seesJoined(bob, roomId, alice.getSafeUserId())])
  await Promise.all([seesDevice(alice, bob), seesDevice(bob, alice)])
  return roomId
}
