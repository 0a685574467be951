import { parseUserId, type ServerName, type UserId } from '@causeway/events'
import { presenceServersMax, presenceWakeMax } from '../../ephemeral/limits.ts'
import { isPresenceName, parsePresenceEdu } from '../../ephemeral/presence-edu.ts'
import { PresencePeers } from '../../ephemeral/presence-peers.ts'
import { Presence, type PresenceNotice } from '../../ephemeral/presence.ts'
import type { Typing } from '../../ephemeral/typing.ts'
import type { Senders } from '../../federation/senders/senders.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/logger.ts'
import { isRoomAnnouncement } from '../../rooms/engine/room-announcement.ts'
import type { Positions } from '../../rooms/history/positions.ts'
import type { Database } from '../../storage/database.ts'
import { localSharers, serversOfUsers, whoAreJoined } from '../../storage/tables/presence.ts'
import { presencePart } from '../../sync/presence-part.ts'
import type { SyncExtension } from '../../sync/sync-ports.ts'
import type { Cluster } from './compose-cluster.ts'
import type { EduReceiver } from './receive-edu.ts'

/** Presence messages between processes. */
const presenceMessage = 'presence'

interface Parts {
  readonly serverName: ServerName
  readonly clock: Clock
  readonly log: Logger
  readonly db: Database
  readonly typing: Typing
  readonly senders: Pick<Senders, 'sendEdu'>
  readonly cluster: Pick<Cluster, 'tell' | 'onTold'>
  /** Waiting requests are woken by it. */
  readonly wake: (userId: UserId) => void
  /** Those who came to share a room with a user between two positions. */
  readonly arrivals: (userId: UserId, since: Positions, now: Positions) => Promise<readonly string[]>
}

/** Presence, and how it takes part in /sync and in what other servers send. */
export interface PresenceLayer {
  readonly presence: Presence
  readonly extensions: readonly SyncExtension[]
  readonly edus: Readonly<Record<string, EduReceiver>>
}

/** Who is there: told to those who share rooms, here, on other servers, and in the other processes. */
export function composePresence(parts: Parts): PresenceLayer {
  const { serverName, clock, log, db, typing, senders, cluster } = parts
  const peers = new PresencePeers({
    clock,
    serversOf: async (userIds) => {
      const rows = await serversOfUsers(db, userIds, presenceServersMax)
      return rows.flatMap(({ user_id: id, server }) => {
        const userId = parseUserId(id)
        // The members' user ids were parsed, and their servers with them.
        return userId === undefined || server === serverName ? [] : [{ userId, server: server as ServerName }]
      })
    },
    stateOf: (userId) => presence.of(userId),
    send: (server, content) => senders.sendEdu([server], { type: 'm.presence', content }),
  })
  const spread = async (all: readonly UserId[], ours: readonly UserId[]): Promise<void> => {
    const told = all.length === 0 ? [] : [...all, ...(await localSharers(db, all, presenceWakeMax))]
    for (const id of new Set(told)) {
      const userId = parseUserId(id)
      if (userId !== undefined) parts.wake(userId)
    }
    if (ours.length > 0) await peers.changed(ours)
  }
  const presence = new Presence({
    serverName,
    clock,
    tick: () => typing.tick(),
    changed: (all, ours) => void spread(all, ours).catch((error: unknown) => log.warn({ err: error }, 'presence was not told')),
    tell: (notice) => cluster.tell(presenceMessage, notice),
  })
  cluster.onTold(presenceMessage, (body) => {
    const notice = noticeOf(body)
    if (notice !== undefined) presence.relay(notice)
  })
  db.onCommitted((announcements) => {
    for (const announcement of announcements) {
      if (isRoomAnnouncement(announcement)) for (const { pdu } of announcement.events) presence.active(pdu.sender)
    }
  })
  const receive: EduReceiver = async (origin, content) => {
    const updates = parsePresenceEdu(origin, content, clock.now())
    const users = updates.map(({ userId }) => userId)
    const known = users.length === 0 ? new Set<string>() : await whoAreJoined(db, users, serverName)
    for (const update of updates) if (known.has(update.userId)) presence.receive(update)
    return {}
  }
  return { presence, extensions: [presencePart({ db, clock, presence, arrivals: parts.arrivals })], edus: { 'm.presence': receive } }
}

function noticeOf(body: unknown): PresenceNotice | undefined {
  if (typeof body !== 'object' || body === null || !('userId' in body) || !('presence' in body)) return undefined
  const userId = typeof body.userId === 'string' ? parseUserId(body.userId) : undefined
  if (userId === undefined || !isPresenceName(body.presence)) return undefined
  const status = 'statusMessage' in body && typeof body.statusMessage === 'string' ? body.statusMessage : undefined
  const lastActive = 'lastActive' in body && typeof body.lastActive === 'number' ? body.lastActive : undefined
  return { userId, presence: body.presence, statusMessage: status, lastActive }
}
