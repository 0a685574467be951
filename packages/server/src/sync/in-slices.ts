import type { Clock } from '../platform/clock.ts'
import { roomsAtOnceMax, sliceMs } from './limits.ts'

/** Make something of each item, some side by side, so that their reads overlap; others get their turn in between. */
export async function inSlices<Item, Made>(clock: Clock, items: readonly Item[], make: (item: Item) => Promise<Made>): Promise<Made[]> {
  const made: Made[] = []
  let sliceStart = clock.monotonic()
  for (let at = 0; at < items.length; at += roomsAtOnceMax) {
    made.push(...(await Promise.all(items.slice(at, at + roomsAtOnceMax).map(make))))
    if (clock.monotonic() - sliceStart < sliceMs) continue
    await clock.sleep(0)
    sliceStart = clock.monotonic()
  }
  return made
}
