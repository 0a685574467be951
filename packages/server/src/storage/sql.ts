/** A value that goes into a statement. Booleans are 0 and 1; times are milliseconds; JSON is text; event bytes are bytes. */
export type SqlValue = string | number | Uint8Array | null

/** One statement with its values, text for each database. */
export interface Query<Row> {
  /** A stable name, `table.purpose`, for metrics and for the plan test. */
  readonly name: string
  readonly sqlite: string
  readonly postgresql: string
  readonly values: readonly (SqlValue | readonly (string | number)[])[]
  /** Carries the row's type; never set. */
  readonly row?: Row
}

/** A list in a statement: `WHERE room ${new In(rooms)}`. All of one type. */
export class In {
  readonly list: readonly (string | number)[]
  constructor(list: readonly (string | number)[]) {
    this.list = list
  }
}

interface Texts {
  readonly sqlite: string
  readonly postgresql: string
}

const textsOf = new WeakMap<TemplateStringsArray, Texts>()

/**
 * Write a statement once for both databases: `sql<Row>('receipts.of')\`SELECT … WHERE room = ${room}\``.
 * The text is composed once per place in the code; only values change from call to call.
 */
export function sql<Row>(name: string): (strings: TemplateStringsArray, ...values: readonly (SqlValue | In)[]) => Query<Row> {
  return (strings, ...values) => {
    let texts = textsOf.get(strings)
    if (texts === undefined) {
      texts = compose(strings, values)
      textsOf.set(strings, texts)
    }
    return {
      name,
      sqlite: texts.sqlite,
      postgresql: texts.postgresql,
      values: values.map((value) => (value instanceof In ? value.list : value)),
    }
  }
}

function compose(strings: TemplateStringsArray, values: readonly (SqlValue | In)[]): Texts {
  let sqlite = strings[0] ?? ''
  let postgresql = sqlite
  for (const [index, value] of values.entries()) {
    const place = index + 1
    const rest = strings[place] ?? ''
    if (value instanceof In) {
      const type = typeof value.list[0] === 'number' ? 'bigint' : 'text'
      sqlite += `IN (SELECT value FROM json_each(?${place}))${rest}`
      postgresql += type === 'bigint' ? `= ANY($${place}::bigint[])${rest}` : `= ANY($${place}::text[])${rest}`
    } else {
      sqlite += `?${place}${rest}`
      postgresql += `$${place}${rest}`
    }
  }
  return { sqlite, postgresql }
}
