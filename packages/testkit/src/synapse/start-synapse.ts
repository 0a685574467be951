import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, retryOnTakenPort } from '../processes/free-port.ts'
import { newSecret, runHomeserver, type Homeserver, type HomeserverOptions } from '../processes/homeserver.ts'
import { temporaryFolder } from '../processes/temporary-folder.ts'
import { logConfiguration, signingKeyFile, synapseConfiguration } from './configuration.ts'

/** A Synapse for a test. */
export interface SynapseOptions extends HomeserverOptions {
  /** The python of a virtual environment with `matrix-synapse`; `findSynapsePython()` if absent. */
  readonly python?: string
  /** Leave Synapse's own limits in place. Off by default: tests send faster than people. */
  readonly rateLimits?: boolean
  readonly logLevel?: 'DEBUG' | 'INFO' | 'WARNING'
}

/** Start a real Synapse with SQLite on loopback; resolves when it answers. */
export function startSynapse(options: SynapseOptions): Promise<Homeserver> {
  const python = options.python ?? findSynapsePython()
  const address = options.address ?? '127.0.0.1'
  return retryOnTakenPort(async (federationPort) => {
    const clientPort = await freePort(address)
    const folder = temporaryFolder(`synapse-${options.name}`).path
    const file = (name: string, content: string): string => {
      const path = join(folder, name)
      writeFileSync(path, content, { mode: 0o600 })
      return path
    }
    const identity = options.ca.issue([address])
    const sharedSecret = newSecret()
    const serverName = `${address}:${options.publicPort ?? federationPort}`
    const configuration = synapseConfiguration({
      serverName,
      address,
      clientPort,
      federationPort,
      folder,
      sharedSecret,
      signingKeyFile: file('signing.key', signingKeyFile()),
      logConfigFile: file('log.json', JSON.stringify(logConfiguration(options.logLevel ?? 'INFO'))),
      certificateFile: file('tls.crt', identity.certificate),
      keyFile: file('tls.key', identity.key),
      caFile: file('ca.crt', options.ca.certificate),
      rateLimits: options.rateLimits ?? false,
      defaultRoomVersion: options.defaultRoomVersion,
    })
    const configFile = file('homeserver.json', JSON.stringify(configuration, null, 1))
    return runHomeserver({
      name: options.name,
      serverName,
      url: `http://${address}:${clientPort}`,
      federationPort,
      sharedSecret,
      folder,
      child: {
        command: python,
        args: ['-m', 'synapse.app.homeserver', '-c', configFile],
        cwd: folder,
        logFile: join(folder, 'synapse.log'),
      },
    })
  }, address)
}

/**
 * The python with Synapse: SYNAPSE_PYTHON, else the virtual environment in the project's `.cache/synapse`.
 * `python3 -m venv .cache/synapse && .cache/synapse/bin/pip install matrix-synapse[url-preview]` makes it.
 */
export function findSynapsePython(): string {
  const cached = join(import.meta.dirname, '../../../../.cache/synapse/bin/python')
  const python = process.env['SYNAPSE_PYTHON'] ?? cached
  if (!existsSync(python)) throw new Error(`no Synapse: set SYNAPSE_PYTHON, or make the virtual environment ${cached}`)
  return python
}
