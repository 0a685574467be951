// Goal: what we allow and refuse, and what forks resolve to, is what Synapse says, in every room version.
// Method: random histories, with absurd contents, tampered lists of auth events, forks, merges, lost state and the replay of old branches,
// go to Synapse as a library. Every verdict and every resolved state must be ours; where Synapse fails at an event instead of judging
// it, ours stands alone and is counted.
//
// `npm run test:differential -- --help` tells how to choose the number of histories, the time and the seed.
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { before, test } from 'node:test'
import { supportedRoomVersions } from '@causeway/events'
import { RoomGenerator } from './room-generator.ts'
import { SynapseLibrary, synapsePython } from './synapse-library.ts'

const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31))
const histories = Number(process.env['HISTORIES'] ?? 480)
const seconds = Number(process.env['SECONDS'] ?? 600)
const steps = Number(process.env['STEPS'] ?? 40)
const only = process.env['ROOM_VERSION']
const versions = only === undefined ? supportedRoomVersions : [only]

/** As many questions wait for Synapse at once, so that both sides always have work. */
const maxWaiting = 32

interface Opinion {
  readonly authorize: readonly (boolean | null)[]
  readonly lists: readonly (boolean | null)[]
  readonly resolve: readonly (readonly string[] | null)[]
}

/** What was compared in one room version, what Synapse had no opinion on, and where the two differ. */
class Tally {
  histories = 0
  verdicts = 0
  lists = 0
  resolutions = 0
  failed = 0
  readonly rules = new Map<string, number>()
  readonly differences: string[] = []

  /** Whether Synapse had an opinion; a difference is noted. */
  compare(ours: boolean, theirs: boolean | null | undefined, why: () => string): boolean {
    assert.notEqual(theirs, undefined)
    if (theirs === null) this.failed++
    else if (ours !== theirs) this.differences.push(why())
    return theirs !== null
  }
}

const tallies = new Map(versions.map((version) => [version, new Tally()]))

function question(room: RoomGenerator): unknown {
  return {
    version: room.rules.version,
    events: [...room.events.values()].map((event) => ({ json: event.json, rejected: room.rejected.has(event.eventId) })),
    authorize: room.judgements.map(({ event, state }) => ({ event: event.eventId, state })),
    lists: room.lists.map(({ event }) => event.eventId),
    resolve: room.settlements.map(({ states }) => states.map((state) => [...state.values()])),
  }
}

function compare(room: RoomGenerator, answer: Opinion, tally: Tally, where: string): void {
  tally.histories++
  room.judgements.forEach(({ event, state, verdict }, index) => {
    tally.rules.set(verdict, (tally.rules.get(verdict) ?? 0) + 1)
    const given = (): string => state.map((eventId) => room.events.get(eventId)?.json).join('\n')
    const why = (): string => `${where}: ${verdict}\n${event.json}\nunder\n${given()}`
    if (tally.compare(verdict === 'allowed', answer.authorize[index], why)) tally.verdicts++
  })
  room.lists.forEach(({ event, verdict }, index) => {
    if (tally.compare(verdict === 'allowed', answer.lists[index], () => `${where}: ${verdict}\n${event.json}`)) tally.lists++
  })
  room.settlements.forEach(({ resolved }, index) => {
    const theirs = answer.resolve[index]
    const ours = [...resolved.values()].toSorted()
    const isSame = theirs === null || theirs === undefined ? null : JSON.stringify(theirs) === JSON.stringify(ours)
    const why = (): string => `${where}, resolution ${index}: ours ${ours.join(' ')}, theirs ${theirs?.join(' ')}`
    if (tally.compare(true, isSame, why)) tally.resolutions++
  })
}

before(async () => {
  if (synapsePython === undefined) return
  const synapse = new SynapseLibrary('synapse-rooms.py')
  const deadline = performance.now() + seconds * 1000
  const waiting = new Set<Promise<void>>()
  for (let made = 0; made < histories && performance.now() < deadline; made++) {
    const version = versions[made % versions.length] ?? ''
    const own = seed + Math.floor(made / versions.length)
    const room = new RoomGenerator(own, version)
    room.live(steps)
    const tally = tallies.get(version)
    assert.ok(tally !== undefined)
    const where = `SEED=${own} HISTORIES=1 STEPS=${steps} ROOM_VERSION=${version}`
    const compared = synapse.ask(question(room)).then((line) => compare(room, JSON.parse(line), tally, where))
    waiting.add(compared)
    compared.then(() => waiting.delete(compared)).catch(() => undefined)
    if (waiting.size >= maxWaiting) await Promise.race(waiting)
    if (made % 1200 === 1199) console.log(`${made + 1} histories`)
  }
  await Promise.all(waiting)
  await synapse.end()
})

for (const [version, tally] of tallies) {
  test(
    `version ${version}: verdicts and resolved states are Synapse's, seed ${seed}`,
    { skip: synapsePython === undefined && 'SYNAPSE_PYTHON is not set' },
    (context) => {
      context.diagnostic(
        `${tally.histories} histories of ${steps} steps: ${tally.verdicts} verdicts, ${tally.lists} lists of auth events, ` +
          `${tally.resolutions} resolutions; Synapse failed at ${tally.failed} more`,
      )
      context.diagnostic([...tally.rules].toSorted().flat().join(' '))
      assert.ok(tally.histories > 0, 'no time was left for this version')
      assert.equal(tally.differences.length, 0, tally.differences.slice(0, 3).join('\n\n'))
    },
  )
}
