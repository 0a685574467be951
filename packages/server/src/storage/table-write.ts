/** How a column's values travel: `int` is a whole number within 2^53. */
export type ColumnType = 'int' | 'text' | 'bytes'

interface Declaration {
  readonly name: string
  readonly table: string
  /** Column name to type, in the order of each row's values. */
  readonly columns: Readonly<Record<string, ColumnType>>
  /** The columns of the unique key, for `upsert`, `ignore`, `delete` and `update`. */
  readonly key?: readonly string[]
  /** A condition on an upsert or update, over `excluded` and the table's own columns. */
  readonly where?: string
}

/** A bulk write, declared once, compiled for each database. */
export interface TableWrite {
  readonly name: string
  readonly columns: readonly string[]
  readonly types: readonly ColumnType[]
  /** A statement for one row, with `?1` and so on. */
  readonly sqlite: string
  /** A statement for any number of rows: `$1` and so on are arrays, one a column. */
  readonly postgresql: string
}

const postgresType = { int: 'bigint', text: 'text', bytes: 'bytea' } as const

function compile(declaration: Declaration, verb: string, tail: string): TableWrite {
  const columns = Object.keys(declaration.columns)
  const types = Object.values(declaration.columns)
  const list = columns.join(', ')
  const arrays = types.map((type, index) => `$${index + 1}::${postgresType[type]}[]`).join(', ')
  const marks = columns.map((_, index) => `?${index + 1}`).join(', ')
  return {
    name: declaration.name,
    columns,
    types,
    sqlite: `${verb} ${declaration.table} (${list}) VALUES (${marks})${tail}`,
    postgresql: `${verb} ${declaration.table} (${list}) SELECT * FROM unnest(${arrays})${tail}`,
  }
}

/** Rows that must be new. A duplicate key is an error of ours and fails the unit. */
export function insert(declaration: Declaration): TableWrite {
  return compile(declaration, 'INSERT INTO', '')
}

/** Rows that are left as they are when their key exists. */
export function insertNew(declaration: Declaration): TableWrite {
  return compile(declaration, 'INSERT INTO', ` ON CONFLICT (${(declaration.key ?? []).join(', ')}) DO NOTHING`)
}

/** Rows that replace those of the same key. Within one unit a key must not occur twice. */
export function upsert(declaration: Declaration): TableWrite {
  const key = declaration.key ?? []
  const sets = Object.keys(declaration.columns).filter((column) => !key.includes(column))
  const where = declaration.where === undefined ? '' : ` WHERE ${declaration.where}`
  const tail = ` ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${sets.map((column) => `${column} = excluded.${column}`).join(', ')}${where}`
  return compile(declaration, 'INSERT INTO', tail)
}

/** Remove rows by key; the declared columns are the key. */
export function remove(declaration: Declaration): TableWrite {
  const columns = Object.keys(declaration.columns)
  const types = Object.values(declaration.columns)
  const arrays = types.map((type, index) => `$${index + 1}::${postgresType[type]}[]`).join(', ')
  return {
    name: declaration.name,
    columns,
    types,
    sqlite: `DELETE FROM ${declaration.table} WHERE ${columns.map((column, index) => `${column} = ?${index + 1}`).join(' AND ')}`,
    postgresql: `DELETE FROM ${declaration.table} WHERE (${columns.join(', ')}) IN (SELECT * FROM unnest(${arrays}))`,
  }
}

/** Change columns of rows that exist, by key. */
export function update(declaration: Declaration): TableWrite {
  const key = declaration.key ?? []
  const columns = Object.keys(declaration.columns)
  const types = Object.values(declaration.columns)
  const sets = columns.filter((column) => !key.includes(column))
  const arrays = types.map((type, index) => `$${index + 1}::${postgresType[type]}[]`).join(', ')
  const place = (column: string): string => `?${columns.indexOf(column) + 1}`
  return {
    name: declaration.name,
    columns,
    types,
    sqlite: `UPDATE ${declaration.table} SET ${sets.map((column) => `${column} = ${place(column)}`).join(', ')} WHERE ${key.map((column) => `${column} = ${place(column)}`).join(' AND ')}`,
    postgresql: `UPDATE ${declaration.table} AS t SET ${sets.map((column) => `${column} = v.${column}`).join(', ')} FROM unnest(${arrays}) AS v(${columns.join(', ')}) WHERE ${key.map((column) => `t.${column} = v.${column}`).join(' AND ')}`,
  }
}
