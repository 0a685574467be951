// Goal: one question at a time about a room goes to a server, and one that leaves gaps open is let alone for a while.
// Method: questions that the test answers, on a clock that it moves.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRoomId, parseServerName } from '@causeway/events'
import { limits } from '../../limits.ts'
import { GapTurns } from './gap-turns.ts'

const room = parseRoomId('!room:here')
const [there, elsewhere] = [parseServerName('there'), parseServerName('elsewhere')]
assert.ok(room !== undefined && there !== undefined && elsewhere !== undefined)

/** Turns, and the clock that they look at. */
function turns(): { turns: GapTurns; advance: (ms: number) => void } {
  let now = 0
  const clock = { now: () => now, monotonic: () => now, schedule: () => () => undefined, sleep: async () => undefined }
  return { turns: new GapTurns(clock), advance: (ms) => void (now += ms) }
}

test('questions of one room to one server wait for each other, and for no others', async () => {
  const { turns: gaps } = turns()
  const asked: string[] = []
  let answer = (): void => undefined
  const first = gaps.take(room, there, async () => {
    asked.push('first')
    await new Promise<void>((resolve) => (answer = resolve))
  })
  const second = gaps.take(room, there, async () => void asked.push('second'))
  await gaps.take(room, elsewhere, async () => void asked.push('other'))
  assert.deepEqual(asked, ['first', 'other'])
  answer()
  await Promise.all([first, second])
  assert.deepEqual(asked, ['first', 'other', 'second'])
})

test('a question that fails is no obstacle to the next', async () => {
  const { turns: gaps } = turns()
  await assert.rejects(
    gaps.take(room, there, () => Promise.reject(new Error('broken'))),
    /broken/u,
  )
  assert.equal(await gaps.take(room, there, async () => 'answer'), 'answer')
})

test('a server that left gaps open in a row rests; a gap that it closes begins the count anew', async () => {
  const { turns: gaps, advance } = turns()
  for (let n = 1; n < limits.gapFailuresMax; n += 1) gaps.note(room, there, false)
  gaps.note(room, there, true)
  for (let n = 1; n < limits.gapFailuresMax; n += 1) gaps.note(room, there, false)
  assert.equal(await gaps.take(room, there, async () => 'asked'), 'asked')
  gaps.note(room, there, false)
  assert.equal(await gaps.take(room, there, async () => 'asked'), undefined)
  assert.equal(await gaps.take(room, elsewhere, async () => 'asked'), 'asked')
  advance(limits.gapRestMs)
  assert.equal(await gaps.take(room, there, async () => 'asked'), 'asked')
})
