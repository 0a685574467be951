import type { Pdu } from '@causeway/events'
import type { EnginePorts } from '../engine/engine-ports.ts'
import { loadEvents, loadNode, loadNumbers } from '../engine/load-room.ts'
import { writeNode } from '../engine/place-event.ts'
import { resolveNodes } from '../engine/resolve-tips.ts'
import type { RoomUnit } from '../engine/room-unit.ts'
import type { RoomView, StateNode } from '../engine/room-view.ts'
import { inGraph } from '../engine/stored-event.ts'

/** The states that are here of what an event follows, some of which is missing: after the prev events that we have, and the current one. */
export async function statesAtGap(ports: EnginePorts, view: RoomView, pdu: Pdu): Promise<StateNode[]> {
  const numbers = await loadNumbers(ports.db, view, pdu.prevEvents)
  const known = (await loadEvents(ports.db, view, [...numbers.values()])).filter(inGraph)
  const nodes = new Map<number, StateNode>([[view.current.node, view.current]])
  for (const event of known) nodes.set(event.stateAfter, await loadNode(ports.db, view, event.stateAfter))
  return [...nodes.values()]
}

/** The state before such an event by what is here alone: for a room of whose state we have only a part, until the rest comes. */
export async function bridgeGap(ports: EnginePorts, view: RoomView, unit: RoomUnit, pdu: Pdu): Promise<StateNode> {
  return resolveNodes(ports, view, await statesAtGap(ports, view, pdu), (node, from) => writeNode(unit, node, from))
}
