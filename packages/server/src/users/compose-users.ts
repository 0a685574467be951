import type { JsonObject, ServerName, UserId } from '@causeway/events'
import type { Argon2 } from '../platform/argon2.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/logger.ts'
import type { Random } from '../platform/random.ts'
import type { Database } from '../storage/database.ts'
import { AccountDataEvents } from './account-data/account-data-events.ts'
import { AccountData } from './account-data/account-data.ts'
import { forgettingSettings } from './account-data/forgetting-settings.ts'
import { Tags } from './account-data/tags.ts'
import { Accounts } from './accounts/accounts.ts'
import { Deactivation } from './accounts/deactivate.ts'
import { ErasedUsers } from './accounts/erased-users.ts'
import { RegistrationTokens } from './accounts/registration-tokens.ts'
import { Registration, type RegistrationMode } from './accounts/registration.ts'
import { Filters } from './filters/filters.ts'
import { OpenIdTokens } from './openid/openid-tokens.ts'
import { PasswordCheck } from './passwords/password-check.ts'
import { PasswordHashes } from './passwords/password-hashes.ts'
import { Profiles } from './profiles/profiles.ts'
import { PushRules } from './push-rules/push-rules.ts'
import { Callers } from './sessions/callers.ts'
import type { DeviceEffects } from './sessions/device-effects.ts'
import { Devices } from './sessions/devices.ts'
import { LastSeen } from './sessions/last-seen.ts'
import { Logins } from './sessions/logins.ts'
import { Sessions } from './sessions/sessions.ts'
import { Uia } from './uia/uia.ts'

/** What the layer needs of the world. */
export interface UsersPorts {
  readonly db: Database
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly argon2: Argon2
  readonly serverName: ServerName
  readonly registration: { readonly mode: RegistrationMode; readonly tokens: readonly string[] }
  /** Characters (code points) that a new password must have. */
  readonly passwordCharsMin: number
  /** See `PushRules`. */
  readonly legacyMentions: boolean
  /** Are failed logins limited? Off only for tests and benchmarks. */
  readonly limitFailures: boolean
  /** A key that all processes of the server share and that is not in the database. */
  readonly bindingKey: Uint8Array
  /** What other layers write when devices go or change. */
  readonly effects: DeviceEffects
  /** Asks another server for the profile of its user. */
  readonly remoteProfile: (userId: UserId, field: string | undefined) => Promise<JsonObject>
}

/** The layer's services, by the names that operations ask for. */
export interface Users {
  readonly accounts: Accounts
  readonly deactivation: Deactivation
  readonly registration: Registration
  readonly registrationTokens: RegistrationTokens
  readonly logins: Logins
  readonly sessions: Sessions
  readonly callers: Callers
  readonly lastSeen: LastSeen
  readonly devices: Devices
  readonly uia: Uia
  readonly profiles: Profiles
  readonly accountData: AccountData
  readonly accountDataEvents: AccountDataEvents
  readonly tags: Tags
  readonly filters: Filters
  readonly pushRules: PushRules
  readonly openIdTokens: OpenIdTokens
  readonly erasedUsers: ErasedUsers
}

/** Put the layer together. At the end of the process `lastSeen.flush()` writes what is in memory. */
export function composeUsers(given: UsersPorts): Users {
  const ports: UsersPorts = { ...given, effects: forgettingSettings(given.effects) }
  const { argon2, random, registration } = ports
  const hashes = new PasswordHashes({ argon2, random })
  const passwords = new PasswordCheck({ ...ports, hashes, limited: ports.limitFailures })
  const sessions = new Sessions(ports)
  const accounts = new Accounts({ ...ports, hashes, sessions })
  const tokens = new RegistrationTokens({ ...ports, configured: registration.tokens })
  const uia = new Uia({ ...ports, passwords, tokens })
  const lastSeen = new LastSeen(ports)
  const accountData = new AccountData(ports)
  const pushRules = new PushRules({ ...ports, accountData })
  return {
    accounts,
    deactivation: new Deactivation({ ...ports, sessions }),
    registration: new Registration({ mode: registration.mode, accounts, tokens, uia }),
    registrationTokens: tokens,
    logins: new Logins({ db: ports.db, passwords, sessions }),
    sessions,
    callers: new Callers({ ...ports, lastSeen }),
    lastSeen,
    devices: new Devices(ports),
    uia,
    profiles: new Profiles(ports),
    accountData,
    accountDataEvents: new AccountDataEvents({ db: ports.db, accountData, pushRules }),
    tags: new Tags({ accountData }),
    filters: new Filters(ports),
    pushRules,
    openIdTokens: new OpenIdTokens(ports),
    erasedUsers: new ErasedUsers(ports),
  }
}
