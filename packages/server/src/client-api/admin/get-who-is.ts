import { serverOf } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { Devices } from '../../users/sessions/devices.ts'
import type { ClientFactsService } from '../client-facts.ts'

interface Services extends ClientFactsService {
  readonly devices: Devices
}

export const getWhoIs = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/admin/whois/{userId}',
  also: ['/_matrix/client/r0/admin/whois/{userId}'],
  summary: "Tell when and from where a user's devices were last seen.",
  auth: 'user',
  limit: 'read',
  async handle({ caller, params }, { devices, clientFacts }: Services) {
    const { userId } = params
    if (caller.userId !== userId && !caller.admin) throw new MatrixError('M_FORBIDDEN', 'this is for administrators')
    if (serverOf(userId) !== clientFacts.serverName) throw new MatrixError('M_INVALID_PARAM', 'the user does not belong to this server')
    const known = await devices.list(userId)
    const entries = known.map(({ device_id, last_seen_at, last_seen_ip }) => {
      const connections = last_seen_ip === null ? [] : [{ ip: last_seen_ip, ...(last_seen_at === null ? {} : { last_seen: last_seen_at }) }]
      return [device_id, { sessions: [{ connections }] }] as const
    })
    return { user_id: userId, devices: Object.fromEntries(entries) }
  },
})
