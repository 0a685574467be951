import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimNetwork } from './sim-network.ts'
import { SimServer } from './sim-server.ts'
import { SimTime } from './sim-time.ts'

/** Milliseconds of simulated time in which a healed world must have settled (promise P10). */
const settleMs = 60_000

/** A simulated world: servers, the wires between them, and time. */
export class World {
  readonly time = new SimTime()
  readonly network = new SimNetwork(this.time)
  readonly #seed: number
  readonly #servers: SimServer[] = []

  constructor(seed: number) {
    this.#seed = seed
  }

  /** A running server; `environment`: configuration that differs from the usual one. */
  async server(name: string, environment: Readonly<Record<string, string>> = {}): Promise<SimServer> {
    const server = new SimServer(name, { time: this.time, network: this.network, seed: this.#seed, environment })
    await server.start()
    this.#servers.push(server)
    return server
  }

  /** From now on the two do not reach each other. */
  cut(a: SimServer, b: SimServer): void {
    this.network.cut(a.name, b.name)
    this.network.cut(b.name, a.name)
  }

  /** Everybody reaches everybody again. */
  heal(): void {
    this.network.mendAll()
  }

  /** Run an action while time moves on: what it waits for may need time. */
  async act<T>(action: Promise<T>, ms = settleMs): Promise<T> {
    const state = { done: false }
    const watched = action.finally(() => {
      state.done = true
    })
    // Handled below; a rejection must not be unhandled while time moves.
    watched.catch(() => undefined)
    for (let passed = 0; !state.done && passed < ms; passed += 50) await this.time.advance(50)
    assert.ok(state.done, `an action did not end within ${ms} ms of simulated time`)
    return watched
  }

  /** Let a minute pass. */
  settle(ms = settleMs): Promise<void> {
    return this.time.advance(ms)
  }

  /** End all servers, so that nothing of this world goes on. */
  end(): void {
    for (const server of this.#servers) server.kill()
  }
}

/** A play in a simulated world. Nothing in it sleeps. The seed decides all that is random. */
export function scenario(title: string, play: (world: World) => Promise<void>, seed = 1): void {
  test(title, async () => {
    const world = new World(seed)
    try {
      await play(world)
    } finally {
      world.end()
    }
  })
}
