// Goal: an update of another server's user is worked in only where it follows on what is known (E05); anything else is a gap.
// Method: a table of updates on a list whose last is 5, by what is written of them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseUserId, type JsonObject } from '@causeway/events'
import { applyUpdates, tellsChange } from './list-updates.ts'

const userId = parseUserId('@bob:away') ?? assert.fail()
const list = { user_id: userId, stream_id: 5, stale: 0, positions: '[]' }

function update(streamId: unknown, prevId: unknown, more: JsonObject = {}): JsonObject {
  const content = { user_id: userId, device_id: 'D', stream_id: streamId, prev_id: prevId, ...more } as JsonObject
  return { type: 'm.device_list_update', content }
}

const own = (deviceId: string, more: JsonObject = {}): JsonObject => ({ user_id: userId, device_id: deviceId, keys: {}, ...more })
const kept = new Map<string, JsonObject>([['K', { device_id: 'K', keys: own('K') }]])
const ofKept = { device_id: 'K', keys: own('K') }

const cases: [what: string, updates: JsonObject[], streamId: number | undefined][] = [
  ['the next one', [update(6, [5])], 6],
  ['numbers may leap', [update(60, [5])], 60],
  ['two in a row', [update(6, [5]), update(7, [6])], 7],
  ['several before it', [update(8, [4, 5])], 8],
  ['one that is known', [update(5, [4]), update(3, [])], 5],
  ['the same as is known', [update(5, [4], ofKept), update(2, [1], { device_id: 'L', deleted: true })], 5],
  ['an old number with other keys', [update(3, [2], { ...ofKept, keys: own('K', { algorithms: ['new'] }) })], undefined],
  ['an old number for a device that is not known', [update(5, [4], { device_id: 'N', keys: own('N') })], undefined],
  ['an old number for the end of a device', [update(4, [3], { device_id: 'K', deleted: true })], undefined],
  ['an introduction', [update(5, [5], { device_id: 'N', keys: own('N') })], 5],
  ['a missing one', [update(7, [6])], undefined],
  ['a missing one among others', [update(6, [5]), update(8, [7])], undefined],
  ['one of several is not known', [update(9, [5, 8])], undefined],
  ['none before it', [update(6, [])], undefined],
  ['one without a number', [update('6', [5])], undefined],
  ['one without a device', [update(6, [5], { device_id: '' })], undefined],
  ['one that was too long', [{ type: 'lost' }], undefined],
  ['other keys', [{ type: 'm.signing_key_update', content: { user_id: userId } }], 5],
]

for (const [what, updates, streamId] of cases) {
  test(`an update: ${what}`, () => {
    const parts = applyUpdates(userId, list, updates, kept)
    assert.equal(parts?.rows[0]?.rows[0]?.[1], streamId)
    if (streamId === 5) assert.equal(parts?.changes, false)
    else if (parts !== undefined) assert.equal(parts.changes, true)
  })
}

test('what says nothing new to those who never asked', () => {
  const keys = { user_id: userId, device_id: 'D', keys: {} }
  const said: [update: JsonObject, tells: boolean][] = [
    [update(6, [5], { keys }), true],
    [update(6, [5], { deleted: true }), true],
    [update(6, [5]), false],
    [update(6, [6], { keys }), false],
    [update(1, [], { keys }), true],
    [{ type: 'm.signing_key_update', content: { user_id: userId } }, true],
    [{ type: 'lost' }, true],
  ]
  for (const [one, tells] of said) assert.equal(tellsChange(one), tells, JSON.stringify(one))
})

test('devices come, change and go; keys that are of somebody else are left out', () => {
  const keys = { user_id: userId, device_id: 'D', keys: {} }
  const foreign = { ...keys, user_id: '@eve:away' }
  const parts = applyUpdates(
    userId,
    list,
    [
      update(6, [5], { keys }),
      update(7, [6], { device_id: 'E', deleted: true }),
      update(8, [7], { device_id: 'F', keys: foreign, device_display_name: 'f' }),
    ],
    kept,
  )
  assert.equal(parts?.steps.length, 1)
  assert.deepEqual(
    parts?.rows[1]?.rows.map((row) => JSON.parse(String(row[2]))),
    [
      { device_id: 'D', keys },
      { device_id: 'F', device_display_name: 'f' },
    ],
  )
})
