import assert from 'node:assert/strict'
import type { MatrixClient } from '../client/matrix-client.ts'
import type { Homeserver } from '../processes/homeserver.ts'
import { HONEST_MESSAGES_MAX, HONEST_PAUSE_MS } from './limits.ts'

/** People of a server who talk while it is attacked: nothing of theirs may fail, be lost or come out of order. */
export class HonestLoad {
  readonly #talker: MatrixClient
  readonly #listener: MatrixClient
  readonly #roomId: string
  readonly #sent: string[] = []
  readonly #talking: Promise<void>
  #ended = false

  private constructor(talker: MatrixClient, listener: MatrixClient, roomId: string) {
    this.#talker = talker
    this.#listener = listener
    this.#roomId = roomId
    this.#talking = this.#talk()
    // The failure is told by `end`.
    this.#talking.catch(() => undefined)
  }

  /** Two people in a room of their own; one talks until `end`. */
  static async start(server: Homeserver): Promise<HonestLoad> {
    const talker = await server.registerUser('honest-talker')
    const listener = await server.registerUser('honest-listener')
    const roomId = await talker.createRoom({ preset: 'public_chat' })
    await listener.join(roomId)
    await listener.sync()
    return new HonestLoad(talker, listener, roomId)
  }

  /** Ends the talk, and looks at what came of it. */
  async end(): Promise<void> {
    this.#ended = true
    await this.#talking
    const last = this.#sent.at(-1)
    assert.ok(last !== undefined, 'nobody talked')
    await this.#listener.waitForEvent(this.#roomId, last)
    const page = await this.#listener.messages(this.#roomId, { limit: Math.min(this.#sent.length, 100) })
    assert.deepEqual(
      page.events.map((event) => event.eventId),
      this.#sent.slice(-100).toReversed(),
    )
  }

  async #talk(): Promise<void> {
    while (!this.#ended && this.#sent.length < HONEST_MESSAGES_MAX) {
      this.#sent.push(await this.#talker.sendText(this.#roomId, `message ${this.#sent.length}`))
      await new Promise((resolve) => setTimeout(resolve, HONEST_PAUSE_MS))
    }
  }
}
