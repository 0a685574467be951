import { assert } from '../../assert.ts'
import type { TableWrite } from '../table-write.ts'

/** What merging needs to know of a declared write. */
export interface WriteShape {
  readonly table: string
  /** Places of the key's columns, where two rows of one statement must not have the same key; else absent. */
  readonly key: readonly number[] | undefined
  /** Of two rows with one key, does the later one replace the earlier one whatever the row in the table was? */
  readonly lastWins: boolean
}

const shapes = new WeakMap<TableWrite, WriteShape>()

/** The shape of a write, read from its statement once. */
export function shapeOf(write: TableWrite): WriteShape {
  let shape = shapes.get(write)
  if (shape === undefined) {
    shape = readShape(write)
    shapes.set(write, shape)
  }
  return shape
}

function readShape(write: TableWrite): WriteShape {
  const text = write.postgresql
  const table = /^(?:INSERT INTO|DELETE FROM|UPDATE) (\w+)/.exec(text)?.[1]
  assert(table !== undefined, `${write.name} names its table`)
  const upsertKey = /ON CONFLICT \(([^)]*)\) DO UPDATE SET /.exec(text)?.[1]
  if (upsertKey !== undefined) return { table, key: places(write, upsertKey.split(', ')), lastWins: !/ DO UPDATE SET .* WHERE /.test(text) }
  const updateKey = /^UPDATE .* WHERE (t\..*)$/.exec(text)?.[1]
  if (updateKey === undefined) return { table, key: undefined, lastWins: false }
  const names = updateKey.split(' AND ').map((term) => /^t\.(\w+) = v\.\w+$/.exec(term)?.[1] ?? '')
  return { table, key: places(write, names), lastWins: true }
}

function places(write: TableWrite, names: readonly string[]): number[] {
  return names.map((name) => {
    const place = write.columns.indexOf(name)
    assert(place >= 0, `${write.name} has its key among its columns`)
    return place
  })
}
