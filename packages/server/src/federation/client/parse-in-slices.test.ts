// Goal: a text parsed in slices gives what it gives as a whole: the same value, or the same refusal.
// Method: random values written as JSON, their texts with one byte changed, and texts with shapes of their own; a clock that moves on
// with each look, so that there is a pause between all items.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseJson } from '@causeway/events'
import { realClock } from '../../platform/clock.ts'
import { TimeSlice } from '../../platform/time-slice.ts'
import { parseInSlices } from './parse-in-slices.ts'

const bytesMax = 10_000
let now = 0
const clock = { ...realClock, monotonic: () => (now += 1_000), sleep: () => Promise.resolve() }

async function check(bytes: Uint8Array): Promise<void> {
  assert.deepEqual(await parseInSlices(bytes, bytesMax, new TimeSlice(clock)), parseJson(bytes, { bytesMax }))
}

test('random texts', async () => {
  const values = fc.dictionary(fc.string(), fc.oneof(fc.jsonValue(), fc.array(fc.jsonValue())))
  await fc.assert(
    fc.asyncProperty(values, fc.nat(), fc.nat({ max: 255 }), async (value, at, byte) => {
      const bytes = Buffer.from(JSON.stringify(value))
      await check(bytes)
      const broken = Buffer.from(bytes)
      broken[at % broken.length] = byte
      await check(broken)
    }),
  )
})

const texts = {
  empty: '',
  'an empty object': '{}',
  'empty lists': '{"a":[],"b":[ \n ]}',
  'no item': '{"a":[1,,2]}',
  'an item too many': '{"a":[1,]}',
  'a list of lists': '{"a":[[1,[2]],[]],"1":[0]}',
  'a list outside': '[[1],[2]]',
  'brackets in strings': '{"a":["]","\\"[,","\\\\"],"b":"[1"}',
  'crossed brackets': '{"a":[1}]',
  'open at the end': '{"a":[1',
  'the same name twice': '{"a":[1],"a":[2]}',
  'the same name twice in an item': '{"a":[{"b":1,"b":2}]}',
  'a number that is no integer': '{"a":[1.0,1e3]}',
  'too long': `{"a":["${'x'.repeat(bytesMax)}"]}`,
}

for (const [title, text] of Object.entries(texts)) test(title, () => check(Buffer.from(text)))
