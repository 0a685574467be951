// Goal: an event's bytes, id or place is looked up by its whole key, whatever the database thinks of the tables' sizes: a plan that
// was made while a table was small is kept when a room of 30,000 events has come.
// Method: the plans that sessions keep, of a schema that is new, and of one that was analysed with a row in each table.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseEventId } from '@causeway/events'
import { startPostgres } from '../../../../testkit/src/processes/postgres.ts'
import type { Database } from '../database.ts'
import type { Query } from '../sql.ts'
import { eventsByNumber, historyBackwards, historyForwards, liveEventsBackwards, numbersOf, undecidedEvents } from '../tables/events.ts'
import { newestPassedOn, passedOn, passedOnAfter } from '../tables/outbound.ts'
import { childrenOfAll } from '../tables/relations.ts'
import { missingEvents, sharedRoomOfEvent } from '../tables/rooms.ts'
import { newestBumps } from '../tables/sliding.ts'
import { Connection } from './connection.ts'
import { migrate } from './schema.ts'
import { statementText } from './statement-text.ts'

/** Gathers what is read instead of reading it. */
class Recorder implements Pick<Database, 'all' | 'first'> {
  readonly queries: Query<unknown>[] = []

  all<Row>(query: Query<Row>): Promise<Row[]> {
    this.queries.push(query)
    return Promise.resolve([])
  }

  first<Row>(query: Query<Row>): Promise<Row | undefined> {
    this.queries.push(query)
    return Promise.resolve(undefined)
  }
}

async function recorded(): Promise<readonly Query<unknown>[]> {
  const recorder = new Recorder()
  const unused = (): never => assert.fail('these only read')
  const db: Database = Object.assign(recorder, {
    dialect: 'postgresql' as const,
    slot: 0,
    nextPosition: unused,
    commit: unused,
    positions: unused,
    onCommitted: unused,
    close: unused,
  })
  const id = parseEventId('$a')
  assert(id !== undefined)
  const place = { depth: 1, pos: 1 }
  await eventsByNumber(db, 1, [1])
  await liveEventsBackwards(db, 1, 0, 1, 1)
  await historyBackwards(db, 1, place, 1)
  await historyForwards(db, 1, place, 1)
  await undecidedEvents(db, 1, 1)
  await numbersOf(db, 1, [id])
  await passedOn(db, 1, 0, 0, 1, 1)
  await newestPassedOn(db, 1, 0, 0, 1)
  await passedOnAfter(db, 0, { position: 0, room: 0, event: 0 }, 1)
  await childrenOfAll(db, 1, ['$a'], 1)
  await missingEvents(db, 1)
  await sharedRoomOfEvent(db, 'a.example', '$a')
  await newestBumps(db, [1], ['a', 'b', 'c', 'd', 'e', 'f'], 1)
  return recorder.queries
}

/** A row in each table, of any values. */
async function fill(connection: Connection): Promise<void> {
  const { rows } =
    await connection.send(`SELECT format('INSERT INTO %I (%s) VALUES (%s)', table_name, string_agg(format('%I', column_name), ','),
      string_agg(CASE data_type WHEN 'bigint' THEN '1' ELSE '''x''' END, ',')) AS text
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT IN ('schema_version', 'facts') GROUP BY table_name`)
  for (const { text } of rows) await connection.send(`${String(text)} ON CONFLICT DO NOTHING`)
}

for (const when of ['new', 'analysed while small']) {
  test(`events are looked up by their whole key: ${when}`, async () => {
    const connection = await Connection.open({ url: await (await startPostgres()).createDatabase(), name: 'plans' })
    await migrate(connection)
    await fill(connection)
    if (when !== 'new') await connection.send('ANALYZE')
    for (const query of await recorded()) {
      const { rows } = await connection.send(`EXPLAIN (GENERIC_PLAN, COSTS OFF) ${statementText(query)}`)
      const lines = rows.map((row) => String(Object.values(row)[0]))
      const inner = lines.findIndex((line) => line.trim().startsWith('SubPlan'))
      assert(inner > 0, `${query.name} looks up what belongs to each row by itself`)
      for (const [index, line] of lines.entries()) {
        if (!/ on (events e|event_bodies b|room_keys k)$/.test(line) || index < inner) continue
        assert.match(lines[index + 1] ?? '', /Index Cond: \(\(room = \w+\.room\) AND \((event|key) = \w+\.\w+\)\)/, lines.join('\n'))
      }
    }
    await connection.close()
  })
}
