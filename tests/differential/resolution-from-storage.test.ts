// Goal: a state that is resolved from storage, where little more is loaded than what the states differ in, is the one that comes out
// with everything at hand.
// Method: random rooms that fork and merge; every merge once by the room core with all events and once by the engine on SQLite with
// nothing in memory. In half of the rooms some events came before what they rest on.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { conflictOf, resolveState, splitStateTuple, type EventId, type Pdu, type StateMap } from '@causeway/events'
import { anotherEngine, enginePorts, foreignRoom, inRoom } from '../../packages/server/src/rooms/engine/engine.fixture.ts'
import { findEvent, loadNumbers } from '../../packages/server/src/rooms/engine/load-room.ts'
import { placeEvent } from '../../packages/server/src/rooms/engine/place-event.ts'
import { resolveNodes } from '../../packages/server/src/rooms/engine/resolve-tips.ts'
import type { RoomEngine } from '../../packages/server/src/rooms/engine/room-engine.ts'
import type { RoomView, StateNode } from '../../packages/server/src/rooms/engine/room-view.ts'
import { StateVector } from '../../packages/server/src/rooms/engine/state-vector.ts'
import { standing } from '../../packages/server/src/rooms/engine/stored-event.ts'
import { RoomGenerator } from './room-generator.ts'

const nothing: StateNode = { node: 0, links: 0, state: StateVector.empty }
/** Two of them in order, two in disorder. */
const seeds = 4

/** The room's events in storage, apart from the graph. */
async function store(t: TestContext, room: RoomGenerator, isDisordered: boolean): Promise<RoomEngine> {
  const [create] = room.events.values()
  assert.ok(create !== undefined)
  const ports = await enginePorts(t)
  const engine = await foreignRoom(ports, create.roomId, room.rules)
  const pdus = [...room.events.values()]
  const early = isDisordered ? pdus.filter((_pdu, index) => index % 5 === 3).toReversed() : []
  await inRoom(engine, create.roomId, async (view, unit) => {
    for (const pdu of early) await placeEvent(ports, view, unit, { pdu, standing: standing.undecided, stateBefore: nothing })
  })
  await inRoom(engine, create.roomId, async (view, unit) => {
    for (const pdu of pdus) {
      const existing = await findEvent(ports.db, view, pdu.eventId)
      const stands = room.rejected.has(pdu.eventId) ? standing.rejected : standing.outlier
      await placeEvent(ports, view, unit, {
        pdu,
        standing: stands,
        stateBefore: nothing,
        ...(existing === undefined ? {} : { existing }),
      })
    }
    if (isDisordered) assert.ok(view.authDisorder > 0, 'some events came before what they rest on')
  })
  return anotherEngine(ports)
}

async function resolved(
  engine: RoomEngine,
  view: RoomView,
  room: RoomGenerator,
  states: readonly StateMap[],
): Promise<Map<string, string>> {
  const { db } = engine.ports
  const nodes: StateNode[] = []
  const numbers = await loadNumbers(db, view, [...room.events.keys()])
  const ids = new Map<number, EventId>([...numbers].map(([id, number]) => [number, id]))
  for (const state of states) {
    const entries = [...state].map(([tuple, id]) => [view.keys.find(...splitStateTuple(tuple)) ?? 0, numbers.get(id) ?? 0] as const)
    nodes.push({ node: view.nextNumber(), links: 0, state: StateVector.of(entries) })
  }
  const result = await resolveNodes(engine.ports, view, nodes, (node) => node)
  return new Map(
    [...result.state.entries()].map(([key, number]) => {
      const pair = view.keys.at(key)
      return [JSON.stringify([pair?.type, pair?.stateKey]), ids.get(number) ?? `${number}`]
    }),
  )
}

/** The same with all events at hand, and nothing known of their order. */
function expected(room: RoomGenerator, states: readonly StateMap[]): Map<string, string> {
  const conflict = conflictOf(states)
  const event = (id: EventId): Pdu | undefined => room.events.get(id)
  const outcome = resolveState({ ...conflict, rules: room.rules, event, isRejected: (id) => room.rejected.has(id) })
  assert.ok('resolved' in outcome)
  return named(new Map([...conflict.common, ...outcome.resolved]))
}

function named(state: StateMap): Map<string, string> {
  return new Map([...state].map(([tuple, id]) => [JSON.stringify(splitStateTuple(tuple)), id]))
}

function sorted(state: ReadonlyMap<string, string>): [string, string][] {
  return [...state].toSorted(([a], [b]) => (a < b ? -1 : 1))
}

// Each version whose resolution, event ids or power levels are others than before.
for (const version of ['1', '2', '6', '10', '12']) {
  test(`version ${version}: states from storage`, async (t) => {
    let conflicts = 0
    for (let seed = 1; seed <= seeds; seed += 1) {
      const room = new RoomGenerator(seed, version)
      room.live(40)
      const engine = await store(t, room, seed % 4 < 2)
      const roomId = [...room.events.values()][0]?.roomId
      assert.ok(roomId !== undefined)
      for (const { states, resolved: settled } of room.settlements) {
        const wanted = sorted(expected(room, states))
        assert.deepEqual(sorted(named(settled)), wanted, `seed ${seed}: with an index`)
        const found: Map<string, string> = await engine.run(roomId, (view) => resolved(engine, view, room, states))
        assert.deepEqual(sorted(found), wanted, `seed ${seed}: from storage`)
        conflicts += 1
      }
    }
    assert.ok(conflicts > seeds)
  })
}
