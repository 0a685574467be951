import { spawn, type ChildProcess } from 'node:child_process'
import { setPriority } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Cancel, Clock } from './clock.ts'
import { compileCacheFolder } from './compile-cache.ts'

/** A job that has no result: its process threw, died, or took too long. */
export class JobFailed extends Error {
  override readonly name = 'JobFailed'
}

interface Options {
  /** The file that the process runs; it calls `serveJobs`. */
  readonly module: URL
  readonly clock: Clock
  /** What it may take of memory, in bytes of address space; nothing is taken beyond it. */
  readonly memoryBytesMax: number
  /** Milliseconds without a job after which it ends. */
  readonly idleMsMax: number
}

/** How much more willing than others the process is to wait for the processor. */
const niceness = 10

/**
 * A process of its own for work on what strangers sent: it starts with the first job, knows nothing of the environment, has a limited
 * memory, and is killed when a job takes too long. One job at a time.
 */
export class JobProcess {
  readonly #options: Options
  #child: ChildProcess | undefined
  #last: Promise<unknown> = Promise.resolve()
  #cancelIdle: Cancel = () => undefined
  /** Jobs that wait or run. */
  jobs = 0

  constructor(options: Options) {
    this.#options = options
  }

  /** Do a job, in at most `msMax` milliseconds once it is its turn. Rejects with `JobFailed`. */
  run(job: object, msMax: number): Promise<unknown> {
    this.jobs += 1
    this.#cancelIdle()
    const result = this.#last.then(() => this.#run(job, msMax))
    this.#last = result
      .catch(() => undefined)
      .then(() => {
        this.jobs -= 1
        if (this.jobs === 0) this.#cancelIdle = this.#options.clock.schedule(this.#options.idleMsMax, () => this.close())
      })
    return result
  }

  /** End the process; a job that runs fails. */
  close(): void {
    this.#cancelIdle()
    this.#child?.kill('SIGKILL')
    this.#child = undefined
  }

  #run(job: object, msMax: number): Promise<unknown> {
    const child = (this.#child ??= this.#start())
    return new Promise((resolve, reject) => {
      const done = (act: () => void): void => {
        cancel()
        child.removeListener('message', onMessage)
        child.removeListener('close', onClose)
        child.removeListener('error', onClose)
        act()
      }
      const onMessage = (answer: unknown): void =>
        done(() => {
          if (isAnswer(answer) && answer.failure === undefined) resolve(answer.result)
          else reject(new JobFailed(isAnswer(answer) ? answer.failure : 'the process said nothing that makes sense'))
        })
      const onClose = (): void =>
        done(() => {
          if (this.#child === child) this.#child = undefined
          reject(new JobFailed('the process ended'))
        })
      const cancel = this.#options.clock.schedule(msMax, () =>
        done(() => {
          this.close()
          reject(new JobFailed('it took too long'))
        }),
      )
      child.on('message', onMessage)
      child.on('close', onClose)
      child.on('error', onClose)
      child.send(job, (error) => {
        if (error !== null) child.kill('SIGKILL')
      })
    })
  }

  #start(): ChildProcess {
    const { module, memoryBytesMax } = this.#options
    const kilobytes = Math.floor(memoryBytesMax / 1024)
    // The shell sets the limit and then becomes Node.
    const script = `ulimit -v ${kilobytes}; exec "$0" "$@"`
    const cache = compileCacheFolder()
    const child = spawn('/bin/sh', ['-c', script, process.execPath, fileURLToPath(module)], {
      cwd: '/',
      env: cache === undefined ? {} : { NODE_COMPILE_CACHE: cache },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      serialization: 'advanced',
    })
    child.on('error', () => undefined)
    // It never keeps the server from ending.
    child.unref()
    child.channel?.unref()
    if (child.pid !== undefined) setPriority(child.pid, niceness)
    return child
  }
}

interface JobAnswer {
  readonly result?: unknown
  readonly failure?: string
}

function isAnswer(value: unknown): value is JobAnswer {
  return typeof value === 'object' && value !== null
}

/** In the process: do each job that comes. It ends with the process that started it. */
export function serveJobs(work: (job: unknown) => Promise<unknown>): void {
  process.on('disconnect', () => process.exit())
  process.on('message', (job) => {
    work(job).then(
      (result) => process.send?.({ result }),
      (error: unknown) => process.send?.({ failure: error instanceof Error ? error.message : String(error) }),
    )
  })
}
