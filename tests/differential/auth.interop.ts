// Goal: what we allow and refuse, and what forks resolve to, is what Synapse says.
// Method: random rooms of every version, with absurd contents, tampered lists of auth events, forks, merges and lost state, go to Synapse
// as a library. Every verdict and every resolved state must be ours; where Synapse fails at an event instead of judging it, ours stands
// alone and is counted.
//
// Not part of `npm test`, for it needs Synapse from PyPI:
//   python3 -m venv .cache/synapse && .cache/synapse/bin/pip install matrix-synapse
//   SYNAPSE_PYTHON=.cache/synapse/bin/python node --test tests/differential/auth.interop.ts
// SEED repeats a run, ROOMS is the number of rooms for each version (20), STEPS the number of attempts in each (120).
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { supportedRoomVersions } from '@causeway/events'
import { RoomGenerator } from './room-generator.ts'

const python = process.env['SYNAPSE_PYTHON']
const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31))
const rooms = Number(process.env['ROOMS'] ?? 20)
const steps = Number(process.env['STEPS'] ?? 120)

interface Opinion {
  readonly authorize: readonly (boolean | null)[]
  readonly lists: readonly (boolean | null)[]
  readonly resolve: readonly (readonly string[] | null)[]
}

/** Synapse's answers to these rooms, in their order. */
async function ask(asked: readonly RoomGenerator[]): Promise<Opinion[]> {
  assert.ok(python !== undefined, 'SYNAPSE_PYTHON names a Python that has Synapse')
  const child = spawn(python, [new URL('synapse-auth.py', import.meta.url).pathname], { stdio: ['pipe', 'pipe', 'inherit'] })
  const answers: Opinion[] = []
  createInterface({ input: child.stdout }).on('line', (line) => answers.push(JSON.parse(line)))
  child.stdin.end(asked.map((room) => `${JSON.stringify(question(room))}\n`).join(''))
  const code = await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject))
  assert.equal(code, 0)
  assert.equal(answers.length, asked.length)
  return answers
}

function question(room: RoomGenerator): unknown {
  return {
    version: room.rules.version,
    events: [...room.events.values()].map((event) => ({ json: event.json, rejected: room.rejected.has(event.eventId) })),
    authorize: room.judgements.map(({ event, state }) => ({ event: event.eventId, state })),
    lists: room.lists.map(({ event }) => event.eventId),
    resolve: room.settlements.map(({ states }) => states.map((state) => [...state.values()])),
  }
}

/** What was compared, and what Synapse had no opinion on. */
interface Count {
  compared: number
  failed: number
}

function compare(ours: string, theirs: boolean | null | undefined, count: Count, why: () => string): void {
  assert.notEqual(theirs, undefined)
  if (theirs === null) {
    count.failed++
    return
  }
  count.compared++
  assert.equal(ours === 'allowed', theirs, why())
}

for (const version of supportedRoomVersions) {
  test(
    `version ${version}: ${rooms} rooms of ${steps} steps, seed ${seed}`,
    { skip: python === undefined && 'SYNAPSE_PYTHON is not set' },
    async (context) => {
      const made = Array.from({ length: rooms }, (_, at) => {
        const room = new RoomGenerator(seed + at, version)
        room.live(steps)
        return room
      })
      const answers = await ask(made)
      const verdicts: Count = { compared: 0, failed: 0 }
      const lists: Count = { compared: 0, failed: 0 }
      const states: Count = { compared: 0, failed: 0 }
      const rules = new Map<string, number>()
      made.forEach((room, at) => {
        const answer = answers[at]
        const where = `SEED=${seed + at} ROOMS=1 STEPS=${steps}, version ${version}`
        room.judgements.forEach(({ event, state, verdict }, index) => {
          rules.set(verdict, (rules.get(verdict) ?? 0) + 1)
          const given = (): string => state.map((eventId) => room.events.get(eventId)?.json).join('\n')
          compare(verdict, answer?.authorize[index], verdicts, () => `${where}: ${verdict}\n${event.json}\nunder\n${given()}`)
        })
        room.lists.forEach(({ event, verdict }, index) => {
          compare(verdict, answer?.lists[index], lists, () => `${where}: ${verdict}\n${event.json}`)
        })
        room.settlements.forEach(({ resolved }, index) => {
          const theirs = answer?.resolve[index]
          if (theirs === null) states.failed++
          else states.compared++
          if (theirs !== null) assert.deepEqual([...resolved.values()].toSorted(), theirs, `${where}, resolution ${index}`)
        })
      })
      const said = ({ compared, failed }: Count): string => `${compared} (Synapse failed at ${failed} more)`
      context.diagnostic(`verdicts ${said(verdicts)}, lists ${said(lists)}, states ${said(states)}`)
      context.diagnostic(
        [...rules]
          .toSorted()
          .map(([rule, count]) => `${rule} ${count}`)
          .join(', '),
      )
    },
  )
}
