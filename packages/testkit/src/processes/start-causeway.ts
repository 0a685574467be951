import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { objectAt } from '../client/json.ts'
import { freePort, retryOnTakenPort } from './free-port.ts'
import { newSecret, runHomeserver, type Homeserver, type HomeserverOptions } from './homeserver.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** Our server for a test. */
export interface CausewayOptions extends HomeserverOptions {
  /** A PostgreSQL URL; SQLite in the data folder if absent. */
  readonly database?: string
  /** Keep the limits on requests. Off by default: tests send faster than people. */
  readonly rateLimits?: boolean
  /** Arguments for node itself: `--cpu-prof`. */
  readonly nodeArguments?: readonly string[]
  /** Further keys of the configuration, dotted as in the manual. */
  readonly configuration?: Readonly<Record<string, unknown>>
}

const projectRoot = join(import.meta.dirname, '../../../..')

/** Start our own server as a child process on loopback; resolves when it answers. */
export function startCauseway(options: CausewayOptions): Promise<Homeserver> {
  const address = options.address ?? '127.0.0.1'
  return retryOnTakenPort(async (federationPort) => {
    const clientPort = await freePort(address)
    const folder = temporaryFolder(`server-${options.name}`).path
    const file = (name: string, content: string): string => {
      const path = join(folder, name)
      writeFileSync(path, content, { mode: 0o600 })
      return path
    }
    const identity = options.ca.issue([address])
    const sharedSecret = newSecret()
    const serverName = `${address}:${options.publicPort ?? federationPort}`
    const configuration = {
      server_name: serverName,
      data_dir: join(folder, 'data'),
      ...(options.database === undefined ? {} : { database: options.database }),
      'listeners.client': `http://${address}:${clientPort}`,
      'listeners.federation': `https://${address}:${federationPort}`,
      'tls.certificate_file': file('tls.crt', identity.certificate),
      'tls.key_file': file('tls.key', identity.key),
      registration: 'open',
      registration_shared_secret: sharedSecret,
      rate_limits: options.rateLimits ?? false,
      allow_public_rooms_over_federation: true,
      trusted_ca_file: file('ca.crt', options.ca.certificate),
      'outbound.allowed_ranges': ['127.0.0.0/8', '::1/128'],
      ...(options.defaultRoomVersion === undefined ? {} : { default_room_version: options.defaultRoomVersion }),
      ...options.configuration,
    }
    const configFile = file('causeway.yaml', JSON.stringify(nested(configuration), null, 1))
    return runHomeserver({
      name: options.name,
      serverName,
      url: `http://${address}:${clientPort}`,
      federationPort,
      sharedSecret,
      folder,
      child: {
        command: findNode(),
        args: [...(options.nodeArguments ?? []), join(projectRoot, 'packages/server/bin/causeway.mjs'), 'start', '--config', configFile],
        cwd: folder,
        logFile: join(folder, 'server.log'),
      },
    })
  }, address)
}

/** Dots in the keys of the configuration become levels of the file. */
function nested(flat: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const file: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(flat)) {
    const [section = key, name] = key.split('.')
    if (name === undefined) file[key] = value
    else file[section] = { ...objectAt(file[section]), [name]: value }
  }
  return file
}

/** The Node that the project pins; that of this process where npm installed none for this platform. */
export function findNode(): string {
  const pinned = join(projectRoot, 'node_modules/.bin/node')
  return existsSync(pinned) ? pinned : process.execPath
}
