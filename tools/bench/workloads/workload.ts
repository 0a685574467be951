import type { MatrixClient } from '../../../packages/testkit/src/client/matrix-client.ts'
import { RemoteServer } from '../federation/remote-server.ts'
import { PREPARATION_LANES } from '../limits.ts'
import { eachOf, measure, type Drive, type Measurement } from '../measurement.ts'
import type { Population, Target } from '../target.ts'

/** Something that users or servers do, whose cost is measured. */
export interface Workload {
  /** For `--workload`. */
  readonly name: string
  /** What one operation is. */
  readonly operation: string
  /** CPU milliseconds an operation that Causeway must reach. */
  readonly goalCpuMs: number
  /** Whether it needs federation with the bench's remote server. */
  readonly federation?: boolean
  run(bench: Bench): Promise<Measurement>
}

/** What a workload works with. */
export class Bench {
  readonly target: Target
  readonly population: Population
  #remote: Promise<RemoteServer> | undefined

  constructor(target: Target, population: Population) {
    this.target = target
    this.population = population
  }

  /** The benchmark's own remote server, started when it is first needed. */
  remote(): Promise<RemoteServer> {
    this.#remote ??= RemoteServer.start(this.target)
    return this.#remote
  }

  /** End what the workloads shared. */
  async close(): Promise<void> {
    await (await this.#remote)?.close()
  }

  measure(drive: Drive): Promise<Measurement> {
    return measure(() => this.target.pids(), drive)
  }

  /** A public room of its creator and `members` (its first), all joined. */
  async room(members: readonly MatrixClient[]): Promise<string> {
    const [creator, ...others] = members
    if (creator === undefined) throw new Error('a room needs a creator')
    // The version of the reference figures; version 12 costs the same.
    const roomId = await creator.createRoom({ preset: 'public_chat', room_version: '11' })
    await eachOf(others, PREPARATION_LANES, (user) => user.join(roomId))
    return roomId
  }
}

/** The item of `list` at `index`, counted round; the list must not be empty. */
export function pick<T>(list: readonly T[], index: number): T {
  const item = list[index % list.length]
  if (item === undefined) throw new Error('nothing to pick from')
  return item
}

/** Fail the run: the server did something else than it was asked for. */
export function check(condition: boolean, why: string): asserts condition {
  if (!condition) throw new Error(`wrong outcome: ${why}`)
}
