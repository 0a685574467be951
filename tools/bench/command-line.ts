import { parseArgs } from 'node:util'

/** What the benchmark was asked to do. */
export interface CommandLine {
  /** Names of the workloads to run; all if empty. */
  readonly workloads: readonly string[]
  /** Measure Synapse as well, in the same run, and write docs/benchmarks.md. */
  readonly compare: boolean
  /** Measure Synapse alone. */
  readonly synapse: boolean
  /** Our server with PostgreSQL; with `compare`, besides SQLite. */
  readonly postgres: boolean
  /** A folder for CPU profiles of our server. */
  readonly profileFolder: string | undefined
  /** A server that runs already. */
  readonly external: ExternalServer | undefined
}

/** A running server, as the command line names it. */
export interface ExternalServer {
  readonly url: string
  readonly pids: readonly number[]
  readonly sharedSecret: string
  readonly serverName: string
  /** For the federation workloads; without it they are left out. Files are PEM. */
  readonly federation:
    | { readonly url: string; readonly caFile: string; readonly certificateFile: string; readonly keyFile: string }
    | undefined
}

/** How to use it. */
export const usage = `npm run bench -- [options]

Measures CPU time, latency, bytes written and memory of a homeserver under load. Starts Causeway unless told otherwise.

  --workload NAME        only this workload (repeatable)
  --compare              Synapse too, in the same run; writes docs/benchmarks.md
  --synapse              Synapse only (SYNAPSE_PYTHON, or .cache/synapse)
  --postgres             our server with PostgreSQL (with --compare: as well)
  --profile              CPU profiles of our server, in .cache/profiles

A server that runs already:
  --url URL              its Client-Server API, on loopback
  --pid PID              its process (repeatable: a database's too)
  --shared-secret TEXT   its registration_shared_secret
  --server-name NAME
  --federation-url URL   its Server-Server API, https; with the next three, the federation workloads run too
  --ca FILE              PEM of the authority that signed its certificate
  --certificate FILE     PEM of a certificate for 127.0.0.1 that it accepts, for the benchmark's own remote server
  --key FILE             its key
`

/** Parse the arguments; throws with a sentence for the person when they make no sense. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { values } = parseArgs({
    args: [...args],
    options: {
      workload: { type: 'string', multiple: true, default: [] },
      compare: { type: 'boolean', default: false },
      synapse: { type: 'boolean', default: false },
      postgres: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      url: { type: 'string' },
      pid: { type: 'string', multiple: true, default: [] },
      'shared-secret': { type: 'string' },
      'server-name': { type: 'string' },
      'federation-url': { type: 'string' },
      ca: { type: 'string' },
      certificate: { type: 'string' },
      key: { type: 'string' },
    },
  })
  const given = (name: 'shared-secret' | 'server-name' | 'ca' | 'certificate' | 'key'): string => {
    const value = values[name]
    if (value === undefined) throw new Error(`--${name} is missing`)
    return value
  }
  const federationUrl = values['federation-url']
  const external = (url: string): ExternalServer => {
    if (!isLoopback(url) || (federationUrl !== undefined && !isLoopback(federationUrl))) {
      throw new Error('only servers on loopback are measured')
    }
    const pids = values.pid.map(Number)
    if (pids.length === 0 || !pids.every(Number.isSafeInteger)) throw new Error("--pid must name the server's process")
    const federation =
      federationUrl === undefined
        ? undefined
        : { url: federationUrl, caFile: given('ca'), certificateFile: given('certificate'), keyFile: given('key') }
    return { url, pids, sharedSecret: given('shared-secret'), serverName: given('server-name'), federation }
  }
  return {
    workloads: values.workload,
    compare: values.compare,
    synapse: values.synapse,
    postgres: values.postgres,
    profileFolder: values.profile ? '.cache/profiles' : undefined,
    external: values.url === undefined ? undefined : external(values.url),
  }
}

/** The load is meant for servers of this machine, never for somebody else's. */
function isLoopback(url: string): boolean {
  const { hostname } = new URL(url)
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)
}
