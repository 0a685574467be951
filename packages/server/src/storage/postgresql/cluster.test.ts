// Goal: several processes on one database share the rooms, see each other's commits, and outlive each other's and the
// database's failures.
// Method: real processes' sides in one process of the test, and child processes that are killed and stopped.
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test, type TestContext } from 'node:test'
import { startOwnPostgres } from '../../../../testkit/src/processes/postgres.ts'
import { CommitUnknown, type Announcement } from '../database.ts'
import { openProcess } from '../databases.fixture.ts'
import { sql } from '../sql.ts'
import { contents, newCluster, owned, put, putAfterCut, shardsOf, until, type ProcessSide } from './cluster.fixture.ts'
import { isForeignAnnouncement, type ForeignAnnouncement } from './foreign-log.ts'

function heardBy(side: ProcessSide): Announcement[] {
  const heard: Announcement[] = []
  side.onCommitted((announcements) => void heard.push(...announcements))
  return heard
}

test('processes that start together share the shards, and one that leaves hands its share over', async (t) => {
  const { process } = await newCluster(t)
  const sides = await Promise.all(['a', 'b', 'c'].map((name) => process(name)))
  assert.equal(new Set(sides.map(({ slot }) => slot)).size, 3)
  await until('shares are fair', () => sides.every((side) => owned(side) >= 340 && owned(side) <= 342))
  const [a, b, c] = sides
  assert(a !== undefined && b !== undefined && c !== undefined)
  for (const shard of shardsOf(a)) assert.ok(!b.ownership.owns(shard) && !c.ownership.owns(shard))
  await until('all know who owns what', () =>
    sides.every((side) => shardsOf(a).every((shard) => side.ownership.ownerOf(shard)?.address === 'http://a.invalid')),
  )
  assert.deepEqual(
    b.ownership
      .peers()
      .map(({ slot }) => slot)
      .sort(),
    [a.slot, c.slot].sort(),
  )

  const gained: number[] = []
  b.ownership.onGained((shards) => gained.push(...shards))
  await c.close()
  await until('two have all', () => owned(a) === 512 && owned(b) === 512)
  assert.deepEqual(
    gained.sort((x, y) => x - y),
    shardsOf(b),
  )
})

test('a shard is handed over when its jobs have ended and their writes are committed', async (t) => {
  const { process, sql: look } = await newCluster(t)
  const a = await process('a')
  let endJobs = (): void => undefined
  const leaving: number[] = []
  a.ownership.onLost((shards) => {
    leaving.push(...shards)
    return leaving.length > shards.length ? undefined : new Promise<void>((resolve) => (endJobs = resolve))
  })
  const b = await process('b')
  await until('shards leave', () => leaving.length > 0)
  const shard = leaving[0] ?? -1
  assert.equal(a.ownership.owns(shard), false)
  assert.equal(a.ownership.ownerOf(shard)?.slot, a.slot)
  assert.deepEqual(await put(a, '@last', 'write', shard), { committed: true, results: [] })
  assert.equal(b.ownership.owns(shard), false)
  endJobs()
  await until('the shard has moved', () => b.ownership.owns(shard))
  assert.ok((b.positions().get(a.slot) ?? 0) >= 1, 'what its last owner wrote is seen before it is owned')
  await assert.rejects(put(a, '@late', 'write', shard), CommitUnknown)
  await put(b, '@next', 'write', shard)
  assert.deepEqual(await contents(look), ['@last write', '@next write'])
})

test("another process's commits are announced, with whom they concern, before their positions are shown", async (t) => {
  const { process } = await newCluster(t)
  const [a, b] = await Promise.all([process('a'), process('b')])
  const heard = heardBy(b)
  const asked: ForeignAnnouncement[] = []
  b.setAnnounceRows(async (announcement) => {
    asked.push(announcement)
    return [{ kind: 'made of it' }]
  })
  let shown: number | undefined
  b.onCommitted(() => (shown = b.positions().get(a.slot)))
  await Promise.all([put(a, '@one:a', '1'), put(a, '@two:a', '1')])
  const token = new Map(a.positions())
  assert.equal(token.get(a.slot), 2)
  assert.equal(await b.reach(token, 120_000), true)
  assert.equal(shown, 2)
  const foreign = heard.filter(isForeignAnnouncement)
  assert.deepEqual(foreign, asked)
  assert.deepEqual(
    foreign.map(({ slot, after, position, rooms, everybody }) => ({ slot, after, position, rooms, everybody })),
    [{ slot: a.slot, after: 0, position: 2, rooms: [], everybody: false }],
  )
  assert.deepEqual([...(foreign[0]?.users ?? [])].sort(), ['@one:a', '@two:a'])
  assert.deepEqual(heard.at(-1), { kind: 'made of it' })
  assert.equal(await b.reach(new Map([[a.slot, 3]]), 50), false)
  assert.ok(!heardBy(a).some(isForeignAnnouncement))
})

test('a commit of one process is never shown without the commits of others that it builds on', async (t) => {
  const { process } = await newCluster(t)
  const [a, b, c] = await Promise.all([process('a'), process('b'), process('c')])
  // b repeats the number that a wrote last: whoever sees b's must see a's.
  const read = async (): Promise<number> =>
    Number((await b.first(sql<{ content: string }>('t')`SELECT content FROM account_data WHERE user_id = ${'@a'}`))?.content ?? 0)
  const faults: string[] = []
  const check = (side: ProcessSide) => {
    const seen = side.positions()
    const [ofA, ofB] = [seen.get(a.slot) ?? 0, seen.get(b.slot) ?? 0]
    const needed = basis.get(ofB) ?? 0
    if (ofA < needed) faults.push(`b's ${ofB} needs a's ${needed}, and ${ofA} is shown`)
  }
  const basis = new Map<number, number>()
  for (const side of [a, b, c]) side.onCommitted(() => check(side))
  const writeA = async (): Promise<void> => {
    for (let n = 1; n <= 150; n++) await put(a, '@a', String(n))
  }
  const writeB = async (): Promise<void> => {
    for (let n = 1; n <= 150; n++) {
      const seen = await read()
      basis.set(n, seen)
      await b.reach(new Map([[a.slot, seen]]), 120_000)
      await put(b, '@b', String(seen))
    }
  }
  await Promise.all([writeA(), writeB()])
  assert.equal(await c.reach(new Map([...a.positions(), ...b.positions()]), 120_000), true)
  assert.deepEqual(faults, [])
})

test('cut connections are opened again, and nothing that was acknowledged is lost', async (t) => {
  const { process, sql: look } = await newCluster(t)
  const [a, b] = await Promise.all([process('a'), process('b')])
  const heard = heardBy(b)
  await put(a, '@u0', '0')
  const slot = a.slot
  for (let round = 1; round <= 3; round++) {
    const settled = Promise.allSettled(Array.from({ length: 20 }, (_, n) => put(a, `@r${round}n${n}`, '1')))
    await look.send(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
    const kept = await contents(look)
    for (const [n, one] of (await settled).entries()) {
      if (one.status === 'fulfilled') assert.ok((await contents(look)).includes(`@r${round}n${n} 1`), `kept ${kept.length}`)
      else assert(one.reason instanceof CommitUnknown, String(one.reason))
    }
    assert.deepEqual(await putAfterCut(a, `@u${round}`, '1'), { committed: true, results: [] })
    assert.equal((await a.first(sql<{ n: number }>('t')`SELECT count(*) AS n FROM account_data WHERE user_id = ${`@u${round}`}`))?.n, 1)
  }
  assert.equal(a.slot, slot)
  assert.equal(await b.reach(new Map(a.positions()), 120_000), true)
  const told = new Set(heard.filter(isForeignAnnouncement).flatMap(({ users }) => users))
  for (const line of await contents(look)) assert.ok(told.has(line.split(' ')[0] ?? ''), `${line} was announced to the other process`)
})

test('a group that the database rolls back for the sake of another transaction is written again', async (t) => {
  const { process, sql: other } = await newCluster(t)
  const a = await process('a')
  await Promise.all([put(a, '@x', '0'), put(a, '@y', '0')])
  const change = (user: string) => ({
    query: sql('t')`UPDATE account_data SET content = content || ${'a'} WHERE user_id = ${user}`,
    expect: 1,
  })
  await other.send('BEGIN')
  await other.send(`UPDATE account_data SET content = content || 'o' WHERE user_id = '@y'`)
  const committed = a.commit({ steps: [change('@x'), change('@y')] })
  await until('it waits for the other', async () => {
    const waiting = await a.first(
      sql<{ n: number }>('t')`SELECT count(*) AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
    )
    return waiting?.n === 1
  })
  await other.send(`UPDATE account_data SET content = content || 'o' WHERE user_id = '@x'`)
  await other.send('COMMIT')
  assert.deepEqual(await committed, { committed: true, results: [[], []] })
  assert.deepEqual(await contents(other), ['@x 0oa', '@y 0oa'])
})

test('a process whose slot was taken over owns nothing, and goes on with another slot', async (t) => {
  const { process, sql: look } = await newCluster(t)
  const a = await process('a')
  const lost: number[] = []
  const changes: unknown[] = []
  a.ownership.onLost((shards) => void lost.push(...shards))
  a.onSlotChanged((change) => changes.push(change))
  await put(a, '@before', '1', 5)
  const { slot } = a
  await look.send('UPDATE slots SET epoch = epoch + 1 WHERE slot = $1', [slot])
  await assert.rejects(put(a, '@zombie', '1', 5), CommitUnknown)
  assert.equal(lost.length, 1_024)
  await until('it owns its share again', () => owned(a) >= 512)
  assert.deepEqual(changes, [{ from: slot, to: a.slot }])
  assert.notEqual(a.slot, slot)
  await put(a, '@after', '1', shardsOf(a)[0])
  assert.deepEqual(await contents(look), ['@after 1', '@before 1'])
  assert.deepEqual([a.positions().get(slot), a.positions().get(a.slot)], [1, 1])
})

test('the database crashes and comes back: the process goes on', async (t) => {
  const cluster = await startOwnPostgres({ fsync: true })
  t.after(() => cluster.stop())
  const side = await openProcess(await cluster.createDatabase())
  t.after(() => side.close())
  await put(side, '@kept', '1', 3)
  await cluster.crash()
  const waiting = put(side, '@waited', '1', 3)
  await cluster.start()
  assert.deepEqual(await waiting, { committed: true, results: [] })
  assert.deepEqual(await put(side, '@next', '1', 3), { committed: true, results: [] })
  const users = await side.all(sql<{ user_id: string }>('t')`SELECT user_id FROM account_data ORDER BY user_id`)
  assert.deepEqual(
    users.map(({ user_id: user }) => user),
    ['@kept', '@next', '@waited'],
  )
  await until('it still owns all', () => owned(side) === 1_024)
})

/** A process of its own that owns what it can; `ask` makes it write, and tells how that went. */
async function childProcess(
  t: TestContext,
  url: string,
  name: string,
  home = '',
): Promise<{ readonly child: ChildProcess; readonly slot: number; ask(shard: number): Promise<string> }> {
  const child = spawn(process.execPath, [new URL('cluster-process.fixture.ts', import.meta.url).pathname, url, name, home], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<string> => String((await lines.next()).value)
  const slot = Number(await next())
  return {
    child,
    slot,
    ask: (shard) => {
      child.stdin.write(`${shard}\n`)
      return next()
    },
  }
}

test('rooms of a killed process and of a stopped one have another owner soon; the stopped one wakes up and writes nothing', async (t) => {
  const { process: side, url, sql: look } = await newCluster(t)
  const a = await side('a')
  const killed = await childProcess(t, url, 'killed')
  const stopped = await childProcess(t, url, 'stopped')
  await until('shares are fair', () => owned(a) >= 340 && owned(a) <= 342)
  await until('all shards are owned', async () => (await look.send('SELECT 1 FROM shards WHERE slot < 0')).count === 0)
  const shard = Number((await look.send('SELECT min(shard) AS shard FROM shards WHERE slot = $1', [stopped.slot])).rows[0]?.['shard'])
  assert.equal(await stopped.ask(shard), 'committed')

  const since = performance.now()
  killed.child.kill('SIGKILL')
  stopped.child.kill('SIGSTOP')
  await until('the survivor owns all', () => owned(a) === 1_024)
  t.diagnostic(`taken over after ${Math.round(performance.now() - since)} ms`)
  await put(a, '@heir', '1', shard)
  stopped.child.kill('SIGCONT')
  assert.equal(await stopped.ask(shard), 'CommitUnknown')
  assert.deepEqual(await contents(look), ['@heir 1', '@stopped 1'])
  await until('the woken one has its share', async () => owned(a) === 512)
})

test('who is started again in the home of a killed process writes at once, however long its lease', async (t) => {
  const { process: side, url, sql: look } = await newCluster(t)
  const killed = await childProcess(t, url, 'killed', 'home')
  assert.equal(await killed.ask(3), 'committed')
  const dead = once(killed.child, 'exit')
  killed.child.kill('SIGKILL')
  await dead
  const hourMs = 3_600_000
  await look.send('UPDATE slots SET expires_at = expires_at + $1', [hourMs])
  const elsewhere = await side('elsewhere', 'another home')
  assert.equal(owned(elsewhere), 0)
  const heir = await side('heir', 'home')
  assert.equal(heir.slot, killed.slot)
  await until('it owns its share', () => owned(heir) >= 512)
  const [shard] = shardsOf(heir)
  assert.deepEqual(await put(heir, '@heir', '1', shard), { committed: true, results: [] })
  await until('the rooms are shared', () => owned(elsewhere) === 512 && owned(heir) === 512)
})

test('a process that only stood still when another took its home writes nothing, and goes on with another slot', async (t) => {
  const { process: side, url, sql: look } = await newCluster(t)
  const stopped = await childProcess(t, url, 'stopped', 'home')
  assert.equal(await stopped.ask(3), 'committed')
  stopped.child.kill('SIGSTOP')
  const heir = await side('heir', 'home')
  assert.equal(heir.slot, stopped.slot)
  await until('it owns all', () => owned(heir) === 1_024)
  await put(heir, '@heir', '1', 3)
  // What it has to do is there when it wakes up.
  const late = stopped.ask(3)
  stopped.child.kill('SIGCONT')
  assert.equal(await late, 'CommitUnknown')
  assert.deepEqual(await contents(look), ['@heir 1', '@stopped 1'])
  await until('both have their share', () => owned(heir) === 512)
  assert.notEqual((await look.send(`SELECT slot FROM slots WHERE process = 'stopped'`)).rows[0]?.['slot'], heir.slot)
})
