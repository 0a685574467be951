// Goal: a process that a test starts ends with the test, however the test ends, and its end is seen.
// Method: real processes; a helper process that starts a child and is then killed.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startChild, waitForChild } from './child.ts'
import { temporaryFolder } from './temporary-folder.ts'

const logged = `process.on('SIGTERM', () => process.exit(3)); setInterval(() => undefined, 1000); process.stdout.write('ready\\n')`

test('a child logs, is waited for, and ends in order when stopped', async () => {
  const folder = temporaryFolder('child')
  const child = await startChild({ command: process.execPath, args: ['-e', logged], logFile: join(folder.path, 'log') })
  await waitForChild(child, 'a script', 120_000, () => child.log().includes('ready'))
  assert.equal(child.exit(), undefined)
  assert.deepEqual(await child.stop(), { code: 3, signal: null })
  folder.remove()
})

test('a kill gives no chance to clean up', async () => {
  const folder = temporaryFolder('child')
  const child = await startChild({ command: process.execPath, args: ['-e', logged], logFile: join(folder.path, 'log') })
  await waitForChild(child, 'a script', 120_000, () => child.log().includes('ready'))
  assert.deepEqual(await child.kill(), { code: null, signal: 'SIGKILL' })
  folder.remove()
})

test('a child that ends too early is an error with its log', async () => {
  const folder = temporaryFolder('child')
  const child = await startChild({
    command: process.execPath,
    args: ['-e', 'console.error("no such setting")'],
    logFile: join(folder.path, 'log'),
  })
  await assert.rejects(
    waitForChild(child, 'a script', 120_000, () => false),
    /no such setting/,
  )
  await assert.rejects(startChild({ command: '/no/such/command', args: [], logFile: join(folder.path, 'log') }), { code: 'ENOENT' })
  folder.remove()
})

test('a child and its folder go when the process that started it is killed', async () => {
  const folder = temporaryFolder('orphan')
  const data = join(folder.path, 'data')
  mkdirSync(data)
  const script = `
    import { startChild } from ${JSON.stringify(join(import.meta.dirname, 'child.ts'))}
    const child = await startChild({ command: process.execPath, args: ['-e', 'setInterval(() => undefined, 1000)'],
      logFile: ${JSON.stringify(join(folder.path, 'log'))}, removeIfOrphaned: ${JSON.stringify(data)} })
    process.stdout.write(String(child.pid))
    setInterval(() => undefined, 1000)`
  const parent = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [output] = await once(parent.stdout, 'data')
  const pid = Number(String(output))
  assert(runs(pid))
  parent.kill('SIGKILL')
  await once(parent, 'exit')
  const deadline = performance.now() + 120_000
  while ((runs(pid) || existsSync(data)) && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  assert(!runs(pid), 'the child is gone')
  assert(!existsSync(data), 'its folder is gone')
  folder.remove()
})

/** Does a process run? One that has ended may stay in the list for as long as nobody asks for its exit code. */
function runs(pid: number): boolean {
  try {
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
