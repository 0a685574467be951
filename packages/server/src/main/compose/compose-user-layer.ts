import { encodeUtf8, isJsonObject, serverOf, type JsonObject, type UserId } from '@causeway/events'
import type { Config } from '../../config/config.ts'
import { toClientError } from '../../federation/client/client-error.ts'
import type { FederationClient } from '../../federation/client/federation-client.ts'
import { queryProfile } from '../../federation/wire/queries.ts'
import { hash48 } from '../../storage/hash48.ts'
import { composeUsers, type Users } from '../../users/compose-users.ts'
import {
  bothRules,
  inviteListsType,
  invitePermissionType,
  listRules,
  permissionRules,
  type InviteRules,
} from '../../users/account-data/invite-rules.ts'
import type { DeviceEffects } from '../../users/sessions/device-effects.ts'
import { commonClass } from '../../rooms/engine/notification-counts.ts'
import type { RulesSource } from '../../rooms/push/push-audience.ts'
import type { Database } from '../../storage/database.ts'
import type { Platform } from '../application.ts'
import type { Federation } from './compose-federation.ts'

/** What the signing key signs to make the key that binds interactive authentication: all processes have it, the database has not. */
const bindingPurpose = 'causeway: binding of user-interactive authentication'

/** The users of this server and what is theirs. */
export function composeUserLayer(config: Config, platform: Platform, db: Database, federation: Federation, effects: DeviceEffects): Users {
  const { clock, random, log } = platform
  return composeUsers({
    db,
    clock,
    random,
    log,
    argon2: platform.argon2,
    serverName: config.server.name,
    registration: { mode: config.registration.mode, tokens: config.registration.tokens },
    legacyMentions: config.server.legacyMentions,
    passwordCharsMin: config.registration.passwordCharsMin,
    limitFailures: config.rates.on,
    bindingKey: federation.signer.key.sign(encodeUtf8(bindingPurpose)),
    effects,
    remoteProfile: (userId, field) => remoteProfile(federation.client, userId, field),
  })
}

async function remoteProfile(client: FederationClient, userId: UserId, field: string | undefined): Promise<JsonObject> {
  const query = field === undefined ? { user_id: userId } : { user_id: userId, field }
  const answer = await client.call(serverOf(userId), queryProfile, { query, evenIfResting: true })
  if (!answer.ok) throw toClientError(answer)
  return answer.value
}

/** The profile that a member event of one of our users shows: name and avatar, as far as they have them. */
export async function memberProfile(users: Users, userId: UserId): Promise<JsonObject> {
  const profile = await users.profiles.local(userId)
  const { displayname, avatar_url: avatarUrl } = isJsonObject(profile) ? profile : {}
  return {
    ...(typeof displayname === 'string' ? { displayname } : {}),
    ...(typeof avatarUrl === 'string' ? { avatar_url: avatarUrl } : {}),
  }
}

/** Is this one of our users, who can still log in? */
export async function isActiveUser(users: Users, userId: UserId): Promise<boolean> {
  const row = await users.accounts.find(userId)
  return row !== undefined && row.deactivated === 0
}

/** Of whom one of our users wants to be invited. */
export async function inviteRules({ accountData }: Users, userId: UserId): Promise<InviteRules> {
  const contents = [invitePermissionType, inviteListsType].map((type) => accountData.find({ userId, roomId: '', type }))
  const [permission, lists] = (await Promise.all(contents)).map((text): unknown => (text === undefined ? undefined : JSON.parse(text)))
  return bothRules(permissionRules(permission), listRules(lists))
}

/** Users' push rules as rooms count by them. */
export function roomRules(users: Users): RulesSource {
  const { pushRules } = users
  return {
    async of(userId) {
      const ready = await pushRules.of(userId)
      return { classId: classOf(ready.key), rules: ready.compiled }
    },
    get version() {
      return pushRules.changes
    },
  }
}

/** The number of a class of users with equal rules. */
function classOf(key: string): number {
  return key === '' ? commonClass : hash48(key) + 2
}
