// Goal: the CPU time of threads, children and children that have ended is all counted, once.
// Method: a process with a busy thread, an ended child and a living one, each of which says what it used itself.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { usageOf } from './process-tree.ts'

const busy = 'let n = 0; while (process.cpuUsage().user < 400_000) for (let i = 0; i < 1e6; i += 1) n += i;'
const used = '(({ user, system }) => (user + system) / 1000)(process.cpuUsage())'
const script = `
  import { spawn, spawnSync } from 'node:child_process'
  import { Worker } from 'node:worker_threads'
  import { once } from 'node:events'
  const ended = Number(spawnSync(process.execPath, ['-e', ${JSON.stringify(`${busy} console.log(${used})`)}], { encoding: 'utf8' }).stdout)
  await once(new Worker(${JSON.stringify(busy)}, { eval: true }), 'exit')
  const living = spawn(process.execPath, ['-e', ${JSON.stringify(`${busy} console.log(${used}); setInterval(() => undefined, 1000)`)}], { stdio: ['ignore', 'pipe', 'ignore'] })
  const [line] = await once(living.stdout, 'data')
  process.on('SIGTERM', () => { living.kill('SIGKILL'); process.exit() })
  console.log(JSON.stringify([ended, ${used}, Number(line)]))
  setInterval(() => undefined, 1000)`

test('a tree of processes is counted whole', async () => {
  const root = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(createInterface(root.stdout), 'line')
  const parts: number[] = JSON.parse(String(line))
  const usage = usageOf([root.pid ?? 0])
  root.kill('SIGTERM')
  await once(root, 'exit')

  assert(
    parts.every((ms) => ms >= 400),
    `each part was busy: ${parts}`,
  )
  const expected = parts.reduce((sum, ms) => sum + ms, 0)
  // What the processes use after their last word, which a slow machine makes longer, is less than any part that would be missing.
  assert(Math.abs(usage.cpuMs - expected) < 350, `${usage.cpuMs} ms, the processes themselves say ${expected}`)
  assert(usage.residentBytes > 20_000_000, 'two processes of Node are in memory')
  assert.throws(() => usageOf([root.pid ?? 0]), /has ended/)
})
