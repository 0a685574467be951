// Goal: the database port means the same on both databases.
// Method: the same bodies on a real SQLite file and a real PostgreSQL; what was written is read back with plain statements.
import assert from 'node:assert/strict'
import { CommitUnknown, type CommitOutcome, type CommitUnit, type Database } from './database.ts'
import { onEachDatabase, onEachOpenDatabase } from './databases.fixture.ts'
import { In, sql, type SqlValue } from './sql.ts'
import { insert, insertNew, remove, update, upsert, type TableWrite } from './table-write.ts'

const keyed = { table: 'facts', key: ['name'], columns: { name: 'text', value: 'text' } } as const
const addFact = insert({ name: 'facts.add', ...keyed })
const addNewFact = insertNew({ name: 'facts.addNew', ...keyed })
const putFact = upsert({ name: 'facts.put', ...keyed })
const putLarger = upsert({ name: 'facts.putLarger', ...keyed, where: 'excluded.value > facts.value' })
const changeFact = update({ name: 'facts.change', ...keyed })
const removeFact = remove({ name: 'facts.remove', table: 'facts', columns: { name: 'text' } })
const addBody = insert({ name: 'event_bodies.insert', table: 'event_bodies', columns: { room: 'int', event: 'int', json: 'bytes' } })
const addKey = insert({
  name: 'room_keys.insert',
  table: 'room_keys',
  columns: { room: 'int', key: 'int', type: 'bytes', state_key: 'bytes' },
})

const removeAll = sql('t')`DELETE FROM facts WHERE name <> ${''}`

async function facts(db: Database): Promise<Record<string, string>> {
  const rows = await db.all(sql<{ name: string; value: string }>('test.facts')`SELECT name, value FROM facts ORDER BY name`)
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]))
}

function rows(write: TableWrite, ...values: readonly (readonly SqlValue[])[]): CommitUnit {
  return { rows: [{ write, rows: values }] }
}

async function all(db: Database, units: readonly CommitUnit[]): Promise<(CommitOutcome | 'unknown')[]> {
  const settled = await Promise.allSettled(units.map((unit) => db.commit(unit)))
  return settled.map((one) => {
    if (one.status === 'fulfilled') return one.value
    assert(one.reason instanceof CommitUnknown, String(one.reason))
    return 'unknown'
  })
}

const committed: CommitOutcome = { committed: true, results: [] }

onEachOpenDatabase('a refused or failing unit changes nothing and harms no neighbour', async (db) => {
  const outcomes = await all(db, [
    rows(addFact, ['a', '1']),
    rows(addFact, ['b', '1'], ['a', '2']),
    {
      steps: [
        { query: sql('t')`UPDATE facts SET value = ${'7'} WHERE name = ${'a'}`, expect: 1 },
        { query: sql('t')`UPDATE facts SET value = ${'9'} WHERE name = ${'none'}`, expect: 1 },
      ],
      rows: [{ write: addFact, rows: [['c', '1']] }],
    },
    { steps: [{ query: sql('t')`INSERT INTO facts (name, value) VALUES (${'a'}, ${'5'})` }] },
    { steps: [{ query: sql('t')`UPDATE facts SET value = ${'3'} WHERE name = ${'a'} RETURNING value`, expect: 1 }] },
    rows(addFact, ['d', '4']),
  ])
  const plain = outcomes.map((outcome) =>
    outcome !== 'unknown' && outcome.committed
      ? { ...outcome, results: outcome.results.map((list) => list.map((row) => ({ ...(row as object) }))) }
      : outcome,
  )
  assert.deepEqual(plain, [
    committed,
    'unknown',
    { committed: false, refusedBy: 1 },
    'unknown',
    { committed: true, results: [[{ value: '3' }]] },
    committed,
  ])
  assert.deepEqual(await facts(db), { a: '3', d: '4' })
})

onEachOpenDatabase('a step that refuses goes before a row that fails', async (db) => {
  await db.commit(rows(addFact, ['a', '1']))
  const refused = await db.commit({
    steps: [{ query: sql('t')`UPDATE facts SET value = ${'2'} WHERE name = ${'none'}`, expect: 1 }],
    rows: [{ write: addFact, rows: [['a', '1']] }],
  })
  assert.deepEqual(refused, { committed: false, refusedBy: 0 })
})

onEachOpenDatabase('a step that only reads counts what it finds, whatever was changed before it', async (db) => {
  const look = (name: string) => ({ query: sql('t')`SELECT value FROM facts WHERE name = ${name}`, expect: 1 })
  const found: boolean[] = []
  for (const before of [['a'], ['b', 'c'], []]) {
    await db.commit({ rows: before.map((name) => ({ write: addFact, rows: [[name, '1']] })), steps: [{ query: removeAll }] })
    await db.commit({ steps: [{ query: sql('t')`UPDATE facts SET value = ${'2'} WHERE name <> ${'c'}` }] })
    for (const name of ['a', 'none']) {
      const outcome = await db.commit({ steps: [look(name)], rows: [{ write: putFact, rows: [['x', '1']] }] })
      found.push(outcome.committed)
    }
  }
  assert.deepEqual(found, [true, false, false, false, false, false])
})

onEachOpenDatabase('after a unit that is not written, no later one of its chain is', async (db) => {
  const chain = { broken: false }
  const other = { broken: false }
  const outcomes = await all(db, [
    { ...rows(addFact, ['a', '1']), chains: [chain] },
    { ...rows(addFact, ['a', '1']), chains: [chain] },
    { ...rows(addFact, ['b', '1']), chains: [chain] },
    { ...rows(addFact, ['c', '1']), chains: [other] },
  ])
  assert.deepEqual(outcomes, [committed, 'unknown', 'unknown', committed])
  assert.deepEqual([chain.broken, other.broken], [true, false])
  assert.deepEqual(await facts(db), { a: '1', c: '1' })
  assert.deepEqual(await all(db, [{ ...rows(addFact, ['d', '1']), chains: [chain] }]), ['unknown'])
})

onEachOpenDatabase('a unit of two chains is written if both hold, and breaks both if it is not', async (db) => {
  const [one, two, three] = [{ broken: false }, { broken: false }, { broken: false }]
  const outcomes = await all(db, [
    { ...rows(addFact, ['a', '1']), chains: [one, two] },
    { ...rows(addFact, ['a', '1']), chains: [two] },
    { ...rows(addFact, ['b', '1']), chains: [one, two] },
    { ...rows(addFact, ['c', '1']), chains: [one] },
    { ...rows(addFact, ['d', '1']), chains: [three] },
  ])
  assert.deepEqual(outcomes, [committed, 'unknown', 'unknown', 'unknown', committed])
  assert.deepEqual([one.broken, two.broken, three.broken], [true, true, false])
  assert.deepEqual(await facts(db), { a: '1', d: '1' })
  assert.deepEqual(await all(db, [{ ...rows(addFact, ['e', '1']), chains: [three, two] }]), ['unknown'])
  assert.equal(three.broken, true)
})

onEachOpenDatabase('units of a group are written one after the other, however they are put together', async (db) => {
  const outcomes = await all(db, [
    rows(putFact, ['a', '1'], ['b', '1']),
    rows(putFact, ['a', '2']),
    rows(removeFact, ['b']),
    rows(addFact, ['b', '3']),
    rows(changeFact, ['b', '4'], ['missing', '4']),
    rows(changeFact, ['b', '5']),
    rows(addNewFact, ['b', '6'], ['c', '6'], ['c', '7']),
    rows(removeFact, ['a']),
    rows(putLarger, ['n', '5']),
    rows(putLarger, ['n', '3']),
    rows(putLarger, ['n', '7']),
    { steps: [{ query: sql('t')`UPDATE facts SET value = value || ${'!'} WHERE name = ${'n'}`, expect: 1 }] },
    rows(putLarger, ['n', '6']),
    rows(addFact, ['z', '']),
  ])
  assert.ok(outcomes.every((outcome) => outcome !== 'unknown' && outcome.committed))
  assert.deepEqual(await facts(db), { b: '5', c: '6', n: '7!', z: '' })
})

onEachOpenDatabase('values come back as they were', async (db) => {
  const texts = ['', ' ', '"', '\\', '\\"x\\\\', '{},', 'NULL', 'null', "it's", 'é€😀', '\u{1}\u{7f}\n\t', '\\x00', '$1 ?1']
  const bytes = [new Uint8Array(0), new Uint8Array([0, 255, 10, 92, 34]), new Uint8Array(70_000).fill(7)]
  await Promise.all([
    db.commit(rows(addFact, ...texts.map((text, index) => [`t${index}`, text]))),
    db.commit(rows(addBody, ...bytes.map((json, index) => [Number.MAX_SAFE_INTEGER, -index, json]))),
    db.commit(rows(addKey, [1, 1, new Uint8Array([1]), null], [1, 2, new Uint8Array([2]), new Uint8Array([3])])),
  ])
  assert.deepEqual(await facts(db), Object.fromEntries(texts.map((text, index) => [`t${index}`, text])))
  const bodies = await db.all(
    sql<{ room: number; event: number; json: Uint8Array }>(
      't',
    )`SELECT room, event, json FROM event_bodies WHERE room = ${Number.MAX_SAFE_INTEGER} ORDER BY event DESC`,
  )
  assert.deepEqual(
    bodies.map(({ event }) => event),
    [0, -1, -2],
  )
  assert.ok(bodies.every(({ room, json }) => room === Number.MAX_SAFE_INTEGER && json.constructor === Uint8Array))
  assert.deepEqual(
    bodies.map(({ json }) => [...json]),
    bytes.map((json) => [...json]),
  )
  const keys = await db.all(
    sql<{ key: number; state_key: Uint8Array | null }>(
      't',
    )`SELECT key, state_key FROM room_keys WHERE state_key IS NULL OR state_key = ${new Uint8Array([3])} ORDER BY key`,
  )
  assert.deepEqual(
    keys.map(({ key, state_key: stateKey }) => [key, stateKey === null ? null : [...stateKey]]),
    [
      [1, null],
      [2, [3]],
    ],
  )
})

onEachOpenDatabase('numbers, sums and comparisons are numbers, lists may be empty, text is in the order of code points', async (db) => {
  await db.commit(rows(addFact, ...['a', 'B', '_', 'ä', '\u{fffd}', '\u{1f600}', 'a b', 'ab'].map((name, index) => [name, String(index)])))
  const row = await db.first(
    sql<{ n: number; is_more: number; total: number; none: number | null }>('t')`
      SELECT count(*) AS n, count(*) > ${3} AS is_more, sum(length(value)) AS total, max(CASE WHEN name = ${'none'} THEN ${1} END) AS none FROM facts`,
  )
  assert.deepEqual({ ...row }, { n: 8, is_more: 1, total: 8, none: null })
  const find = (names: readonly string[]) =>
    db.all(sql<{ name: string }>('t')`SELECT name FROM facts WHERE name ${new In(names)} ORDER BY name`)
  assert.deepEqual(await find([]), [])
  assert.deepEqual(
    (await find(['ä', 'a', 'x'])).map(({ name }) => name),
    ['a', 'ä'],
  )
  assert.deepEqual(Object.keys(await facts(db)), ['B', '_', 'a', 'a b', 'ab', 'ä', '\u{fffd}', '\u{1f600}'])
})

onEachOpenDatabase('a list of numbers may be empty the first time', async (db) => {
  const find = (events: readonly number[]) =>
    db.all(sql<{ event: number }>('t')`SELECT event FROM event_bodies WHERE event ${new In(events)}`)
  assert.deepEqual(await find([]), [])
  await db.commit(rows(addBody, [1, 2, new Uint8Array(1)]))
  assert.deepEqual(
    (await find([2, 3])).map(({ event }) => event),
    [2],
  )
})

onEachOpenDatabase('announcements come in commit order, of committed units only, when their positions are visible', async (db) => {
  const heard: unknown[] = []
  db.onCommitted((announcements) => heard.push(...announcements.map(({ kind }) => [kind, db.positions().get(db.slot)])))
  const before = db.positions().get(db.slot) ?? 0
  const send = (kind: string, name: string) => {
    const position = db.nextPosition()
    return { position, committed: db.commit({ ...rows(addFact, [name, '1']), announcements: [{ kind }] }) }
  }
  const [one, two, three] = [send('one', 'a'), send('two', 'a'), send('three', 'b')]
  assert.deepEqual([one.position, two.position, three.position], [before + 1, before + 2, before + 3])
  await Promise.allSettled([one.committed, two.committed, three.committed])
  assert.deepEqual(heard, [
    ['one', before + 3],
    ['three', before + 3],
  ])
})

onEachDatabase('positions go on after the database was closed', async (_t, place) => {
  const first = await place.open()
  first.nextPosition()
  first.nextPosition()
  await first.commit(rows(addFact, ['a', '1']))
  await first.close()
  const second = await place.open()
  assert.equal(second.positions().get(second.slot), 2)
  assert.equal(second.nextPosition(), 3)
  assert.deepEqual(await facts(second), { a: '1' })
  await second.close()
})

onEachOpenDatabase('thousands of units that arrive together are all written', async (db) => {
  const outcomes = await all(
    db,
    Array.from({ length: 3_000 }, (_, n) => rows(addFact, [`n${n}`, 'x'.repeat(n % 50)])),
  )
  assert.ok(outcomes.every((outcome) => outcome !== 'unknown' && outcome.committed))
  assert.equal(Object.keys(await facts(db)).length, 3_000)
})
