import { supportedRoomVersions } from '@causeway/events'
import { endpoint } from '../../http/endpoint.ts'
import type { ClientFactsService } from '../client-facts.ts'

const available = Object.fromEntries(supportedRoomVersions.map((version) => [version, 'stable']))

export const getCapabilities = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/capabilities',
  also: ['/_matrix/client/r0/capabilities'],
  summary: 'Tell what the caller may do here.',
  auth: 'user',
  limit: 'read',
  handle: ({ caller }, { clientFacts }: ClientFactsService) => ({
    capabilities: {
      'm.change_password': { enabled: true },
      'm.room_versions': { default: clientFacts.defaultRoomVersion, available },
      'm.profile_fields': { enabled: true },
      'm.set_displayname': { enabled: true },
      'm.set_avatar_url': { enabled: true },
      'm.3pid_changes': { enabled: false },
      'm.get_login_token': { enabled: false },
      ...(caller.admin ? { 'm.account_moderation': { suspend: true, lock: true } } : {}),
    },
  }),
})
