// Goal: every statement that is written once is understood by both databases.
// Method: find all sql`…` in the server's source, and prepare each on the real schema of each database.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { startPostgres } from '../../../testkit/src/processes/postgres.ts'
import { migrations } from './migrations/migrations.ts'
import { Connection } from './postgresql/connection.ts'
import { migrate } from './postgresql/schema.ts'

interface Found {
  readonly place: string
  readonly sqlite: string
  readonly postgresql: string
}

const source = join(import.meta.dirname, '..')

/** The statements of a file. A value is a mark, a list an IN. A value that is a template itself would end it: there is none. */
function statementsIn(file: string): Found[] {
  const text = readFileSync(join(source, file), 'utf8')
  return [...text.matchAll(/\bsql(?:<[^`]*?>)?\('([^']+)'\)`([^`]*)`/g)].map((match) => {
    const parts = (match[2] ?? '').split(/\$\{((?:[^{}]|\{[^{}]*\})*)\}/)
    let sqlite = ''
    let postgresql = ''
    for (const [index, part] of parts.entries()) {
      const place = (index + 1) / 2
      const isValue = index % 2 === 1
      const isList = part.trim().startsWith('new In(')
      sqlite += isValue ? (isList ? `IN (SELECT value FROM json_each(?${place}))` : `?${place}`) : part
      postgresql += isValue ? (isList ? `= ANY($${place})` : `$${place}`) : part
    }
    return { place: `${file} ${match[1]}`, sqlite, postgresql }
  })
}

const found = globSync('**/*.ts', { cwd: source })
  .filter((file) => !file.includes('.test.') && !file.includes('.fixture.') && !file.endsWith('storage/sql.ts'))
  .flatMap(statementsIn)

test('the statements are found', () => {
  assert.ok(found.length > 100, `found ${found.length}`)
})

test('SQLite prepares every statement', () => {
  const db = new DatabaseSync(':memory:')
  for (const { statements } of migrations) for (const statement of statements) db.exec(statement)
  const faults = found.flatMap(({ place, sqlite }) => faultOf(place, () => void db.prepare(sqlite)))
  assert.deepEqual(faults, [])
})

test('PostgreSQL prepares every statement, with room for our numbers in each parameter', async () => {
  const connection = await Connection.open({ url: await (await startPostgres()).createDatabase(), name: 'test' })
  await migrate(connection)
  const faults: string[] = []
  for (const [index, { place, postgresql }] of found.entries()) {
    await connection.send(`PREPARE s${index} AS ${postgresql}`).catch((error: unknown) => faults.push(`${place}: ${String(error)}`))
  }
  // A parameter that is compared with a small number alone becomes a small number, and would refuse a position or a time.
  const { rows } = await connection.send(
    `SELECT name FROM pg_prepared_statements WHERE parameter_types && ARRAY['integer', 'smallint']::regtype[]`,
  )
  faults.push(...rows.map(({ name }) => `${found[Number(String(name).slice(1))]?.place}: a parameter is a 32-bit integer`))
  await connection.close()
  assert.deepEqual(faults, [])
})

function faultOf(place: string, run: () => void): string[] {
  try {
    run()
    return []
  } catch (error) {
    return [`${place}: ${String(error)}`]
  }
}
