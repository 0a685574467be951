// Goal: a server that shows itself is tried soon, whenever that is, and never more often than every few seconds for that reason.
// Method: failures and signs of life by hand, on a clock that the test moves; attempts are what listeners are told.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseServerName } from '@causeway/events'
import { HandClock } from '../../http/edge.fixture.ts'
import { realRandom } from '../../platform/random.ts'
import { backOffEarlyMs, backOffMsMin, wakeMsMin } from '../limits.ts'
import { Destinations } from './destinations.ts'

const peer = parseServerName('a.test') ?? assert.fail()

/** A server that has failed for so long that its next turn is far off, as of an attempt just now. */
function failingPeer() {
  const clock = new HandClock()
  const destinations = new Destinations({ clock, random: realRandom() })
  const woken: number[] = []
  destinations.onWake(() => woken.push(clock.ms))
  destinations.failed(peer, 'unreachable')
  const fail = (): void => {
    clock.advance(Math.max(0, (destinations.failing(peer)?.retryAt ?? 0) - clock.now()))
    destinations.failed(peer, 'unreachable')
  }
  while (clock.now() - (destinations.failing(peer)?.since ?? 0) < backOffEarlyMs) fail()
  assert.ok((destinations.failing(peer)?.retryAt ?? 0) - clock.now() > wakeMsMin + backOffMsMin)
  return { clock, destinations, woken }
}

test('a sign of life brings an attempt at once, when the last one is some seconds ago', () => {
  const { clock, destinations, woken } = failingPeer()
  clock.advance(wakeMsMin)
  destinations.heardFrom(peer)
  assert.deepEqual(woken, [clock.ms])
  assert.equal(destinations.isResting(peer), false)
})

test('one right after an attempt is not forgotten, and many bring one', () => {
  const { clock, destinations, woken } = failingPeer()
  const tried = clock.ms
  clock.advance(1)
  for (let n = 0; n < 10; n += 1) destinations.heardFrom(peer)
  assert.deepEqual(woken, [])
  assert.equal(destinations.isResting(peer), true)
  clock.advance(wakeMsMin - 1)
  assert.deepEqual(woken, [tried + wakeMsMin])
  assert.equal(destinations.isResting(peer), false)
  // It was reached meanwhile, or is well: there is nothing to do.
  destinations.delivered(peer)
  clock.advance(wakeMsMin)
  assert.equal(woken.length, 1)
})

test('one during an attempt that hangs brings another attempt, once', () => {
  const { clock, destinations } = failingPeer()
  clock.advance(wakeMsMin)
  destinations.heardFrom(peer)
  // What failed now began before.
  clock.advance(3 * wakeMsMin)
  destinations.failed(peer, 'unreachable')
  const left = (): number => (destinations.failing(peer)?.retryAt ?? 0) - clock.now()
  assert.ok(left() <= wakeMsMin)
  clock.advance(wakeMsMin)
  destinations.failed(peer, 'unreachable')
  assert.ok(left() > wakeMsMin)
})

test('so does one during an attempt that was due anyway', () => {
  const { clock, destinations, woken } = failingPeer()
  const left = (): number => (destinations.failing(peer)?.retryAt ?? 0) - clock.now()
  // The attempt begins, and hangs.
  clock.advance(left())
  clock.advance(1)
  for (let n = 0; n < 10; n += 1) destinations.heardFrom(peer)
  assert.deepEqual(woken, [])
  clock.advance(3 * wakeMsMin)
  destinations.failed(peer, 'unreachable')
  assert.equal(left(), wakeMsMin)
  clock.advance(wakeMsMin)
  destinations.failed(peer, 'unreachable')
  assert.ok(left() > wakeMsMin)
})
