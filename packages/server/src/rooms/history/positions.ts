/** How far each writer slot has come: what readers may see (decision record "Writer slots"). */
export type Positions = ReadonlyMap<number, number>

/** Something that was written at a stream position. */
export interface Written {
  readonly slot: number
  readonly position: number
}

/** Was it written by then? Position 0 is what is not handed to the commit lane yet. */
export function includes(positions: Positions, written: Written): boolean {
  return written.position > 0 && written.position <= (positions.get(written.slot) ?? 0)
}

/** Has everything that `part` includes happened by `whole`? */
export function covers(whole: Positions, part: Positions): boolean {
  for (const [slot, position] of part) if (position > (whole.get(slot) ?? 0)) return false
  return true
}
