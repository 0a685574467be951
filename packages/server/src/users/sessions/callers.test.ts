// Goal: who calls is known from memory, and forgotten the moment it is no longer true, however reads and commits interleave.
// Method: a real database whose reads can be held back between the read and its answer.
import assert from 'node:assert/strict'
import { onEachUserServer } from '../../client-api/user-api.fixture.ts'
import { MatrixError } from '../../errors.ts'
import { silentLogger } from '../../platform/logger.ts'
import type { Database } from '../../storage/database.ts'
import { revalidateMs } from '../limits.ts'
import { Callers } from './callers.ts'
import { LastSeen } from './last-seen.ts'

const request = { url: '/_matrix/client/v3/sync', address: '127.0.0.1' }

interface HeldReads {
  readonly db: Database
  reads: number
  /** What `first` waits for before it gives what it has read. */
  hold: Promise<void> | undefined
}

function holdReads(db: Database): HeldReads {
  const held: HeldReads = {
    reads: 0,
    hold: undefined,
    db: {
      dialect: db.dialect,
      slot: db.slot,
      all: (query) => db.all(query),
      first: async (query) => {
        held.reads += 1
        const row = await db.first(query)
        await held.hold
        return row
      },
      nextPosition: () => db.nextPosition(),
      commit: (unit) => db.commit(unit),
      positions: () => db.positions(),
      onCommitted: (listener) => db.onCommitted(listener),
      close: () => db.close(),
    },
  }
  return held
}

onEachUserServer('read once, then from memory; a logout while it is read is not overlooked', {}, async ({ db, clock, users, join }) => {
  const token = await join('alice', { device_id: 'A' })
  const held = holdReads(db)
  const callers = new Callers({ db: held.db, clock, lastSeen: new LastSeen({ db, clock, log: silentLogger }) })
  const alice = users.accounts.named('alice') ?? assert.fail()

  let release: () => void = () => undefined
  held.hold = new Promise((resolve) => {
    release = resolve
  })
  const early = callers.identify(token, request)
  await users.sessions.removeDevices(alice, ['other'])
  release()
  held.hold = undefined
  assert.ok(!((await early) instanceof MatrixError))
  // What was read before that commit may be outdated: it was not kept.
  await callers.identify(token, request)
  assert.equal(held.reads, 2)
  for (let i = 0; i < 10; i++) assert.ok(!(callers.identify(token, request) instanceof Promise))
  assert.equal(held.reads, 2)

  clock.advance(revalidateMs)
  await callers.identify(token, request)
  assert.equal(held.reads, db.dialect === 'sqlite' ? 2 : 3)

  await users.sessions.removeDevices(alice, ['A'])
  const after = await callers.identify(token, request)
  assert.ok(after instanceof MatrixError && after.code === 'M_UNKNOWN_TOKEN')
})
