import { SeededRandom } from '../checker/seeded-random.ts'

/** What people do. */
const actions = {
  message: 26,
  encrypted: 8,
  reaction: 4,
  redaction: 4,
  receipt: 7,
  typing: 3,
  topic: 4,
  state: 4,
  profile: 3,
  invite: 5,
  join: 7,
  leave: 3,
  kick: 2,
  ban: 2,
  unban: 2,
  power: 4,
  joinRule: 2,
  createRoom: 2,
  login: 1,
  logout: 1,
  renameDevice: 1,
  uploadKeys: 2,
  claimKeys: 2,
  toDevice: 5,
  accountData: 3,
  forge: 2,
  quarrel: 0,
  sync: 12,
} as const

/** What goes wrong. */
const faults = {
  cutPair: 3,
  cutOneWay: 3,
  split: 3,
  flap: 2,
  mend: 5,
  kill: 3,
  killAtCommit: 4,
  weather: 3,
} as const

export type ActionKind = keyof typeof actions
export type FaultKind = keyof typeof faults

/** One thing that happens in a world. Its roll decides everything else about it, so that leaving out a step changes no other. */
export interface Step {
  /** Milliseconds after the beginning. */
  readonly at: number
  readonly kind: ActionKind | FaultKind
  readonly roll: number
}

/** Everything about a simulated world that its seed decides. */
export interface Plan {
  readonly seed: number
  readonly servers: number
  /** People on each server. */
  readonly people: readonly number[]
  readonly versions: readonly string[]
  readonly steps: readonly Step[]
}

const roomVersions = ['1', '2', '6', '8', '9', '10', '11', '12', '12', '12'] as const

/** Shares of a run's steps that are faults: calm worlds find other bugs than wild ones. */
const faultShares = [0, 0.05, 0.1, 0.2]

/** The world of a seed. With `quarrels`, many throw each other out of rooms while their servers do not hear each other. */
export function planOf(seed: number, options: { readonly quarrels?: boolean } = {}): Plan {
  const weights = options.quarrels === true ? { ...actions, quarrel: 4 } : actions
  const random = new SeededRandom(seed)
  const servers = 3 + (random.below(4) === 0 ? 1 + random.below(2) : 0)
  const people = Array.from({ length: servers }, () => 1 + (random.below(3) === 0 ? 1 : 0))
  const versions = Array.from({ length: 1 + random.below(2) }, () => random.pick(roomVersions))
  const share = random.pick(faultShares)
  const count = 25 + random.below(60)
  // Bursts within a second, and up to nine minutes in all, so that what fails does so for less than ten.
  const gapMs = random.pick([200, 1_000, 5_000])
  const steps: Step[] = []
  let at = 0
  for (let n = 0; n < count; n += 1) {
    at += random.below(4) === 0 ? 0 : random.below(2 * gapMs)
    const kind = random.fraction() < share ? random.weighted(faults) : random.weighted(weights)
    steps.push({ at, kind, roll: random.below(2 ** 32) })
  }
  return { seed, servers, people, versions, steps }
}

/** Is it something that goes wrong? */
export function isFault(kind: Step['kind']): kind is FaultKind {
  return Object.hasOwn(faults, kind)
}
