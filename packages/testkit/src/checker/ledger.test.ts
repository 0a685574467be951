// Goal: the ledger's lines are on the disk in the order of what happened, and every operation is settled once.
// Method: a file; operations that overlap.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../processes/temporary-folder.ts'
import { Ledger } from './ledger.ts'

test('intents are on the disk before they are acted upon, outcomes follow', async () => {
  const folder = temporaryFolder('ledger')
  const path = join(folder.path, 'ledger')
  const ledger = new Ledger(path)
  const actor = { userId: '@a:x', deviceId: 'D' }
  const join_ = { kind: 'membership', roomId: '!r', membership: 'join' } as const
  const lines = (): unknown[] =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => Object.keys(JSON.parse(line))[0])
  const numbers = await Promise.all([1, 2, 3].map(() => ledger.intend(actor, join_)))
  assert.deepEqual(numbers, [0, 1, 2])
  assert.deepEqual(lines(), ['intent', 'intent', 'intent'])
  ledger.settle(1, { kind: 'ack', eventId: undefined })
  ledger.settle(0, { kind: 'unknown', why: 'reset' })
  assert.throws(() => ledger.settle(1, { kind: 'fail', why: '403' }), /is not open/)
  await ledger.close()
  assert.deepEqual(lines(), ['intent', 'intent', 'intent', 'ack', 'unknown'])
  assert.deepEqual(
    ledger.entries.map(({ outcome }) => outcome?.kind),
    ['unknown', 'ack', undefined],
  )
  folder.remove()
})
