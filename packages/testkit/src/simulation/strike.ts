import { SeededRandom } from '../checker/seeded-random.ts'
import type { Cut } from '../scenario/sim-network.ts'
import type { SimServer } from '../scenario/sim-server.ts'
import type { FaultKind, Step } from './plan.ts'
import { weathers, type SimulatedWorld } from './world.ts'

/** Milliseconds between two changes of a wire that flaps, at most, and how many there are. */
const flapMsMax = 3_000
const flaps = 8

/** Something goes wrong, or is mended. */
export function strike(world: SimulatedWorld, step: Step, kind: FaultKind, index: number): void {
  const random = new SeededRandom(step.roll)
  const [one, other] = twoOf(world.servers, random)
  const how: Cut = random.pick(['refused', 'silent'])
  const { network, record } = world
  const note = (what: string): void => record.note(`#${index} ${kind} ${what}`)
  switch (kind) {
    case 'cutPair':
      note(`${one.name} | ${other.name} ${how}`)
      return cutBoth(world, one, other, how)
    case 'cutOneWay':
      note(`${one.name} > ${other.name} ${how}`)
      return network.cut(one.name, other.name, how)
    case 'split': {
      const side = world.servers.filter(() => random.below(2) === 0)
      note(`${side.map(({ name }) => name).join(' ')} from the rest, ${how}`)
      for (const a of side) for (const b of world.servers) if (!side.includes(b)) cutBoth(world, a, b, how)
      return
    }
    case 'flap': {
      note(`${one.name} | ${other.name}`)
      for (let n = 0, at = 0; n < flaps; n += 1, at += 1 + random.below(flapMsMax)) {
        world.time.schedule(at, () => {
          if (n % 2 === 1) network.mend(one.name, other.name)
          else if (!world.healed) network.cut(one.name, other.name, how)
        })
      }
      return
    }
    case 'mend':
      note('')
      return network.mendAll()
    case 'kill':
      note(one.name)
      return one.alive ? world.kill(one) : undefined
    case 'killAtCommit': {
      const crash = { commits: 1 + random.below(12), when: random.pick(['before', 'after'] as const) }
      note(`${one.name} ${crash.when} commit ${crash.commits}`)
      return one.alive ? one.killAt(crash) : undefined
    }
    case 'weather':
      world.weather = random.pick(weathers)
      world.commitMs = random.pick([0, 5, 50])
      return note(`${world.weather.name}, commits take up to ${world.commitMs} ms`)
  }
}

function cutBoth({ network }: SimulatedWorld, one: SimServer, other: SimServer, how: Cut): void {
  network.cut(one.name, other.name, how)
  network.cut(other.name, one.name, how)
}

function twoOf(servers: readonly SimServer[], random: SeededRandom): [SimServer, SimServer] {
  const one = random.pick(servers)
  return [one, random.pick(servers.filter((server) => server !== one))]
}
