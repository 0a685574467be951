// Finds the runtime that npm brought. This file is read by whatever Node is at hand, from version 20 on: no TypeScript here.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'

/** The oldest version that runs this project. */
export const majorMin = 26

/** @param {string} version */
const isNewEnough = (version) => Number(version.split('.')[0]) >= majorMin

/** Does this process itself have the runtime that the project needs? */
export const hereIsNewEnough = isNewEnough(process.versions.node)

/** The path of the runtime in node_modules, or undefined. @returns {string | undefined} */
export function findRuntime() {
  try {
    const manifest = createRequire(import.meta.url).resolve(`node-${process.platform}-${process.arch}/package.json`)
    return isNewEnough(JSON.parse(readFileSync(manifest, 'utf8')).version) ? join(dirname(manifest), 'bin', 'node') : undefined
  } catch {
    return undefined
  }
}

/** Say in one line what is missing and how to mend it, and end. @param {string} [why] @returns {never} */
export function refuse(why = `this is Node ${process.versions.node}, and the runtime that npm brings is not in node_modules`) {
  const target = `${process.platform}-${process.arch}`
  const mend = ['linux-x64', 'linux-arm64'].includes(target)
    ? 'run "npm ci" without --omit=optional'
    : `install Node ${majorMin} or later (npm brings none for ${target})`
  console.error(`causeway: Node ${majorMin} is needed (${why}): ${mend}`)
  process.exit(1)
}

/** Young objects get 3 x 8 MB: more saves no time here and is never given back. */
const flags = ['--max-semi-space-size=8']
/** One heap for all threads: the C library's many would keep about 100 MB that nobody uses. */
const memory = { MALLOC_ARENA_MAX: '1' }

/**
 * Replace this process by itself with settings that hold memory down, which only a process that begins can take. Does
 * nothing where that is done already, or not to be had.
 * @param {string} script @param {readonly string[]} words
 */
export function continueTuned(script, words) {
  const isTuned = process.env['MALLOC_ARENA_MAX'] !== undefined
  if (isTuned || process.platform !== 'linux' || typeof process.execve !== 'function') return
  const environment = { ...process.env, ...memory }
  process.execve(process.execPath, [process.execPath, ...process.execArgv, ...flags, script, ...words], environment)
}

/**
 * Go on as `script` in the pinned runtime, and wait for it,
 * passing signals on; then end as it ended.
 * @param {string} script @param {readonly string[]} words
 */
export function continueIn(script, words) {
  const runtime = findRuntime()
  if (runtime === undefined) return refuse()
  const child = spawn(runtime, [...flags, script, ...words], { stdio: 'inherit', env: { ...process.env, ...memory } })
  child.on('error', (error) => refuse(`${runtime}: ${error.message}`))
  /** @type {NodeJS.Signals[]} */
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2']
  for (const signal of signals) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal ?? 'SIGTERM']))
}
