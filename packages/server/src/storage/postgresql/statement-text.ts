import type { Query } from '../sql.ts'

const texts = new Map<string, string>()
const typedList = /= ANY\(\$(\d+)::(?:bigint|text)\[\]\)/g

/**
 * The text of a statement as it is prepared. A list's type is left to the column that it is compared with: `sql` reads it
 * from the first list that it sees, and an empty one has none. Bound: the statements in the code.
 */
export function statementText(query: Query<unknown>): string {
  let text = texts.get(query.postgresql)
  if (text === undefined) {
    text = query.postgresql.replaceAll(typedList, '= ANY($$$1)')
    texts.set(query.postgresql, text)
  }
  return text
}
