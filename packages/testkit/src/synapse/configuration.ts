import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { newSecret } from '../processes/homeserver.ts'
import { FEDERATION_RETRY_MS_MAX, FEDERATION_RETRY_MS_MIN, UNLIMITED_PER_SECOND } from './limits.ts'

/** What a Synapse's configuration is made from. Files are absolute paths. */
export interface SynapsePlan {
  readonly serverName: string
  readonly address: string
  readonly clientPort: number
  readonly federationPort: number
  readonly folder: string
  readonly sharedSecret: string
  readonly signingKeyFile: string
  readonly logConfigFile: string
  readonly certificateFile: string
  readonly keyFile: string
  readonly caFile: string
  readonly rateLimits: boolean
  readonly defaultRoomVersion: string | undefined
}

/**
 * Synapse's configuration for loopback. https://element-hq.github.io/synapse/latest/usage/configuration/config_documentation.html
 */
export function synapseConfiguration(plan: SynapsePlan): Record<string, unknown> {
  const listener = (port: number, tls: boolean): Record<string, unknown> => ({
    port,
    tls,
    type: 'http',
    bind_addresses: [plan.address],
    resources: [{ names: ['client', 'federation'], compress: false }],
  })
  return {
    server_name: plan.serverName,
    public_baseurl: `http://${plan.address}:${plan.clientPort}/`,
    report_stats: false,
    listeners: [listener(plan.clientPort, false), listener(plan.federationPort, true)],
    database: { name: 'sqlite3', args: { database: join(plan.folder, 'homeserver.db') } },
    media_store_path: join(plan.folder, 'media'),
    pid_file: join(plan.folder, 'pid'),
    log_config: plan.logConfigFile,
    signing_key_path: plan.signingKeyFile,
    tls_certificate_path: plan.certificateFile,
    tls_private_key_path: plan.keyFile,
    registration_shared_secret: plan.sharedSecret,
    macaroon_secret_key: newSecret(),
    form_secret: newSecret(),
    enable_registration: true,
    enable_registration_without_verification: true,
    // The least that bcrypt has: hashing passwords is not what is under test.
    bcrypt_rounds: 4,
    // A repeated initial /sync must be computed, not repeated from memory.
    caches: { sync_response_cache_duration: 0 },
    ...(plan.defaultRoomVersion === undefined ? {} : { default_room_version: plan.defaultRoomVersion }),
    ...federation(plan),
    ...(plan.rateLimits ? {} : unlimited()),
  }
}

/** Servers trust the test's authority, ask the origin itself for its keys, and try again soon after a failure. */
function federation(plan: SynapsePlan): Record<string, unknown> {
  return {
    trusted_key_servers: [],
    suppress_key_server_warning: true,
    federation_custom_ca_list: [plan.caFile],
    ip_range_blacklist: [],
    allow_public_rooms_over_federation: true,
    allow_profile_lookup_over_federation: true,
    allow_device_name_lookup_over_federation: true,
    room_list_publication_rules: [{ action: 'allow' }],
    federation: {
      client_timeout: '60s',
      max_short_retries: 1,
      max_short_retry_delay: FEDERATION_RETRY_MS_MIN,
      max_long_retries: 2,
      max_long_retry_delay: FEDERATION_RETRY_MS_MAX,
      destination_min_retry_interval: FEDERATION_RETRY_MS_MIN,
      destination_max_retry_interval: FEDERATION_RETRY_MS_MAX,
      destination_retry_multiplier: 2,
    },
  }
}

function unlimited(): Record<string, unknown> {
  const free = { per_second: UNLIMITED_PER_SECOND, burst_count: UNLIMITED_PER_SECOND }
  return {
    rc_message: free,
    rc_registration: free,
    rc_admin_redaction: free,
    rc_joins_per_room: free,
    rc_room_creation: free,
    rc_user_directory: free,
    rc_3pid_validation: free,
    rc_delayed_event_mgmt: free,
    rc_login: { address: free, account: free, failed_attempts: free },
    rc_joins: { local: free, remote: free },
    rc_invites: { per_room: free, per_user: free, per_issuer: free },
    rc_presence: { per_user: free },
    rc_federation: {
      window_size: 1_000,
      sleep_limit: UNLIMITED_PER_SECOND,
      sleep_delay: 1,
      reject_limit: UNLIMITED_PER_SECOND,
      concurrent: 100,
    },
    federation_rr_transactions_per_room_per_second: UNLIMITED_PER_SECOND,
  }
}

/** Python's logging, to standard output. */
export function logConfiguration(level: string): Record<string, unknown> {
  return {
    version: 1,
    formatters: { line: { format: '%(asctime)s %(levelname)s %(name)s %(request)s %(message)s' } },
    filters: { context: { '()': 'synapse.logging.context.LoggingContextFilter', request: '' } },
    handlers: { console: { class: 'logging.StreamHandler', formatter: 'line', filters: ['context'] } },
    root: { level, handlers: ['console'] },
    disable_existing_loggers: false,
  }
}

/** A new key in Synapse's file format: algorithm, version, unpadded base64 of the seed. */
export function signingKeyFile(): string {
  return `ed25519 a_${randomBytes(2).toString('hex')} ${randomBytes(32).toString('base64').replace(/=+$/, '')}\n`
}
