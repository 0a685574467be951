// Goal: the CPU time of threads, children and children that have ended is all counted, once.
// Method: a process with a busy thread, an ended child and a living one, each of which says what it used itself.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { usageOf } from './process-tree.ts'

const busy = 'let n = 0; while (process.cpuUsage().user < 250_000) n += 1;'
const used = '(({ user, system }) => (user + system) / 1000)(process.cpuUsage())'
const script = `
  import { spawn, spawnSync } from 'node:child_process'
  import { Worker } from 'node:worker_threads'
  import { once } from 'node:events'
  const ended = Number(spawnSync(process.execPath, ['-e', ${JSON.stringify(`${busy} console.log(${used})`)}], { encoding: 'utf8' }).stdout)
  await once(new Worker(${JSON.stringify(busy)}, { eval: true }), 'exit')
  const living = spawn(process.execPath, ['-e', ${JSON.stringify(`${busy} console.log(${used}); setInterval(() => undefined, 1000)`)}], { stdio: ['ignore', 'pipe', 'ignore'] })
  const [line] = await once(living.stdout, 'data')
  console.log(JSON.stringify([ended, ${used}, Number(line)]))
  process.on('SIGTERM', () => { living.kill('SIGKILL'); process.exit() })
  setInterval(() => undefined, 1000)`

test('a tree of processes is counted whole', async () => {
  const root = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(createInterface(root.stdout), 'line')
  const parts: number[] = JSON.parse(String(line))
  const usage = usageOf([root.pid ?? 0])
  root.kill('SIGTERM')
  await once(root, 'exit')

  assert(
    parts.every((ms) => ms >= 250),
    `each part was busy: ${parts}`,
  )
  const expected = parts.reduce((sum, ms) => sum + ms, 0)
  // Two steps of the kernel's clock for each of the three, and what an ending process uses after its last word.
  assert(Math.abs(usage.cpuMs - expected) < 100, `${usage.cpuMs} ms, the processes themselves say ${expected}`)
  assert(usage.residentBytes > 20_000_000, 'two processes of Node are in memory')
  assert.throws(() => usageOf([root.pid ?? 0]), /has ended/)
})
