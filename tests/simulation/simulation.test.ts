// Goal: a simulated world keeps the server's promises, and its seed says all that happens in it.
// Method: one seed, played twice; `npm run test:simulation` plays many.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planOf } from '../../packages/testkit/src/simulation/plan.ts'
import { runPlan } from '../../packages/testkit/src/simulation/run-plan.ts'

test('a seed is played alike twice, and no promise is broken', async () => {
  const [first, second] = [await runPlan(planOf(3)), await runPlan(planOf(3))]
  assert.deepEqual(first.findings, [])
  assert.equal(second.hash, first.hash)
})

test('another seed is another world', () => {
  assert.notDeepEqual(planOf(3), planOf(4))
  assert.deepEqual(planOf(3), planOf(3))
})
