import type { ServerName } from '@causeway/events'
import type { LogFields, Logger } from '@causeway/server/src/platform/logger.ts'
import { objectAt } from '../client/json.ts'
import { SeededRandom } from '../checker/seeded-random.ts'
import { SimNetwork, type Passage, type WireAnswer, type WireRequest } from '../scenario/sim-network.ts'
import { SimServer } from '../scenario/sim-server.ts'
import { SimTime } from '../scenario/sim-time.ts'
import { Ledger } from './ledger.ts'
import type { Person } from './people.ts'
import type { Plan } from './plan.ts'
import { Record } from './record.ts'

/** How wires behave while nothing is cut. Shares are from 0 to 1. */
export interface Weather {
  readonly name: string
  /** Milliseconds that a message travels, from one to ten times of it. */
  readonly ms: number
  readonly lost: number
  readonly doubled: number
}

const fair: Weather = { name: 'fair', ms: 2, lost: 0, doubled: 0 }

export const weathers: readonly Weather[] = [
  fair,
  { name: 'slow', ms: 400, lost: 0, doubled: 0 },
  { name: 'lossy', ms: 20, lost: 0.1, doubled: 0 },
  { name: 'doubling', ms: 20, lost: 0, doubled: 0.2 },
  { name: 'wild', ms: 200, lost: 0.05, doubled: 0.1 },
]

/** Milliseconds until a server that was killed is started again, at most. */
const downMsMax = 60_000

/** A simulated world in which people act and things go wrong. */
export class SimulatedWorld {
  readonly time = new SimTime()
  readonly network = new SimNetwork(this.time)
  readonly record: Record
  readonly ledger: Ledger
  readonly servers: SimServer[] = []
  readonly people: Person[] = []
  /** For what is not decided by a step: wires, commits, restarts. */
  readonly random: SeededRandom
  weather: Weather = fair
  /** Milliseconds that a commit takes at most. */
  commitMs = 0
  /** Nothing goes wrong any more. */
  healed = false
  /** When it began, in milliseconds since 1970, as its servers count. */
  readonly began: number
  readonly #starting = new Set<SimServer>()
  readonly #underWay = new Set<Promise<unknown>>()

  constructor(plan: Plan, keep: boolean) {
    this.began = this.time.now
    this.random = new SeededRandom(plan.seed ^ 0x5eed)
    this.record = new Record(() => this.elapsed, keep)
    this.ledger = new Ledger(this.record, (ms) => this.sleep(ms))
    this.network.weather = (from, to, request) => this.#passage(from, to, request)
    this.network.onDelivery = (from, to, request, answer) => this.#delivered(from, to, request, answer)
  }

  /** Milliseconds since the world began. */
  get elapsed(): number {
    return this.time.now - this.began
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.time.schedule(ms, resolve))
  }

  /** Begin something that ends by itself. */
  begin(action: Promise<unknown>): void {
    const watched = action
      .catch((error: unknown) =>
        this.record.find('the simulation itself', error instanceof Error ? (error.stack ?? error.message) : String(error)),
      )
      .finally(() => this.#underWay.delete(watched))
    this.#underWay.add(watched)
  }

  /** Let time pass until everything that was begun has ended. False if it takes longer than `ms`. */
  async ended(ms: number): Promise<boolean> {
    const until = this.time.now + ms
    while (this.#underWay.size > 0 && this.time.now < until) await this.time.advance(100)
    return this.#underWay.size === 0
  }

  /** What `action` comes to, while time goes on. Undefined when that takes too long. */
  async await<T>(action: Promise<T>): Promise<T | undefined> {
    const results: T[] = []
    this.begin(action.then((result) => results.push(result)))
    await this.ended(120_000)
    return results[0]
  }

  async addServer(name: string, seed: number): Promise<SimServer> {
    const { time, network } = this
    const commitMs = (): number => (this.commitMs === 0 ? 0 : this.random.below(this.commitMs + 1))
    const server = new SimServer(name, { time, network, seed, commitMs, log: this.#logOf(name), onCrash: (dead) => this.kill(dead) })
    await server.start()
    this.servers.push(server)
    return server
  }

  /** A power cut, and a start some time later. */
  kill(server: SimServer, downMs = this.random.below(this.random.below(2) === 0 ? 2_000 : downMsMax)): void {
    if (server.alive) server.kill()
    this.record.note(`${server.name} dies for ${downMs} ms`)
    this.time.schedule(downMs, () => this.startAgain(server))
  }

  startAgain(server: SimServer): void {
    if (server.alive || this.#starting.has(server)) return
    this.record.note(`${server.name} starts`)
    this.#starting.add(server)
    this.begin(server.start().finally(() => this.#starting.delete(server)))
  }

  /** Everything works again, from now on. */
  heal(): void {
    this.record.note('everything is mended')
    this.healed = true
    this.weather = fair
    this.commitMs = 0
    this.network.mendAll()
    for (const server of this.servers) {
      server.killAt(undefined)
      this.startAgain(server)
    }
  }

  end(): void {
    for (const server of this.servers) server.kill()
  }

  #passage(_from: ServerName, _to: ServerName, _request: WireRequest): Passage {
    const { ms, lost, doubled } = this.weather
    const { random } = this
    const travel = { ms: ms * (1 + random.below(10)) }
    if (lost > 0 && random.fraction() < lost) return { ...travel, lost: true }
    if (doubled > 0 && random.fraction() < doubled) return { ...travel, againMs: 1 + random.below(20 * ms) }
    return travel
  }

  #delivered(from: ServerName, to: ServerName, request: WireRequest, answer?: WireAnswer): void {
    const path = request.path.replace('/_matrix/federation/', '')
    if (answer === undefined) return this.record.trace(`${from} > ${to} ${request.method} ${path} ${request.body?.length ?? 0}`)
    this.record.trace(`${from} > ${to} ${answer.status} ${answer.body.length}`)
    if (answer.status === 500) this.record.find('no internal errors', `${from} answers ${to}: ${request.method} ${path}: ${answer.body}`)
  }

  /** What a server itself takes for an error is a finding. */
  #logOf(name: string): Logger {
    const say = (fields: LogFields, message: string): void => {
      this.record.note(`${name} says: ${message} ${brief(fields)}`)
      if (objectAt(fields['refusal'])['rule'] === 'pdu.signature.key') this.ledger.unverified.add(String(fields['event']))
    }
    const logger: Logger = {
      debug: () => undefined,
      info: say,
      warn: say,
      error: (fields, message) => this.record.find('no internal errors', `${name} logs: ${message} ${brief(fields)}`),
      child: () => logger,
    }
    return logger
  }
}

function brief(fields: LogFields): string {
  return JSON.stringify(fields, (_key, value: unknown) => (value instanceof Error ? (value.stack ?? value.message) : value)).slice(0, 1_500)
}
