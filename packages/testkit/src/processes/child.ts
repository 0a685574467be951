import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { LOG_TAIL_BYTES_MAX, POLL_MS, STOP_MS_MAX } from './limits.ts'
import type { Account } from './temporary-folder.ts'

/** What to run, and as whom. */
export interface ChildOptions {
  readonly command: string
  readonly args: readonly string[]
  /** Standard output and error are appended here. */
  readonly logFile: string
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly account?: Account | undefined
  /** The signal that asks for an orderly end. */
  readonly stopSignal?: NodeJS.Signals
  /** Removed by the guard if this process dies without stopping the child. */
  readonly removeIfOrphaned?: string
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A running child process. It never keeps this process alive, and never outlives it. */
export interface Child {
  readonly pid: number
  readonly exited: Promise<Exit>
  /** How it ended, or undefined while it runs. */
  exit(): Exit | undefined
  /** The whole log so far. */
  log(): string
  signal(signal: NodeJS.Signals): void
  /** Ask for an orderly end; after STOP_MS_MAX end it by force, which is an error. */
  stop(): Promise<Exit>
  /** End it at once, as a power cut would end it (SIGKILL). */
  kill(): Promise<Exit>
}

/** Start a process. Rejects if the command cannot be run at all. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const log = openSync(options.logFile, 'a')
  const child = spawn(options.command, [...options.args], {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['ignore', log, log],
    ...(options.account === undefined ? {} : { uid: options.account.uid, gid: options.account.gid }),
  })
  closeSync(log)
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('spawn', () => (child.pid === undefined ? reject(new Error('no pid')) : resolve(child.pid)))
  })
  child.unref()
  const guard = startGuard(pid, options)
  return new RunningChild(child, pid, guard, options)
}

/**
 * A shell that ends the child when this process dies, whatever killed it: its standard input is a pipe whose other end
 * only this process has. A line on it means that the child has ended and there is nothing to do.
 */
function startGuard(pid: number, options: ChildOptions): ChildProcess {
  const script = 'read -r done && exit 0; kill -"$1" "$2"; [ -z "$3" ] || { sleep 1; rm -rf "$3"; }'
  const signal = (options.stopSignal ?? 'SIGKILL').slice('SIG'.length)
  const guard = spawn('/bin/sh', ['-c', script, 'guard', signal, String(pid), options.removeIfOrphaned ?? ''], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  guard.unref()
  // The pipe must not keep this process alive either. A guard that is gone already makes no error worth stopping for:
  // the child is then only unguarded.
  guard.stdin?.on('error', () => undefined)
  if (guard.stdin !== null && 'unref' in guard.stdin && typeof guard.stdin.unref === 'function') guard.stdin.unref()
  return guard
}

class RunningChild implements Child {
  readonly pid: number
  readonly exited: Promise<Exit>
  readonly #child: ChildProcess
  readonly #options: ChildOptions
  #exit: Exit | undefined

  constructor(child: ChildProcess, pid: number, guard: ChildProcess, options: ChildOptions) {
    this.pid = pid
    this.#child = child
    this.#options = options
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#exit = { code, signal }
        guard.stdin?.end('done\n')
        resolve(this.#exit)
      })
    })
  }

  exit(): Exit | undefined {
    return this.#exit
  }

  log(): string {
    return readFileSync(this.#options.logFile, 'utf8')
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  async stop(): Promise<Exit> {
    if (this.#exit !== undefined) return this.#exit
    this.#child.ref()
    this.signal('SIGCONT')
    this.signal(this.#options.stopSignal ?? 'SIGTERM')
    let forced = false
    const force = setTimeout(() => {
      forced = true
      this.signal('SIGKILL')
    }, STOP_MS_MAX)
    const exit = await this.exited
    clearTimeout(force)
    if (forced) throw new Error(`${this.#options.command} did not end by itself within ${STOP_MS_MAX} ms\n${logTail(this.log())}`)
    return exit
  }

  async kill(): Promise<Exit> {
    if (this.#exit !== undefined) return this.#exit
    this.#child.ref()
    this.signal('SIGKILL')
    return this.exited
  }
}

/** The end of a log, for an error message. */
export function logTail(log: string): string {
  return log.slice(-LOG_TAIL_BYTES_MAX)
}

/**
 * Look every POLL_MS whether `done` is true. Rejects when `child` ends before, or when `msMax` have passed; the message
 * has the end of the log.
 */
export async function waitForChild(child: Child, what: string, msMax: number, done: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + msMax
  for (;;) {
    if (child.exit() !== undefined) throw new Error(`ended before it was ready (${what})\n${logTail(child.log())}`)
    if (await done()) return
    if (performance.now() > deadline) throw new Error(`not ready within ${msMax} ms (${what})\n${logTail(child.log())}`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
