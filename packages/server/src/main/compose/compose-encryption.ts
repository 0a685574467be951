import { membershipOfEvent, parseRoomId, parseUserId } from '@causeway/events'
import type { Encryption } from '../../e2ee/compose-e2ee.ts'
import { DeviceListStream } from '../../e2ee/device-list-stream.ts'
import { isRoomAnnouncement } from '../../rooms/engine/room-announcement.ts'
import type { RoomEngine } from '../../rooms/engine/room-engine.ts'
import { livePosAt } from '../../rooms/history/live-position.ts'
import type { StateHistory } from '../../rooms/history/state-history.ts'
import { stayedJoined } from '../../sync/joined-room.ts'
import type { EduReceiver } from './receive-edu.ts'
import type { Storage } from './open-storage.ts'

/** Whose devices changed, with the history of rooms to tell who was in them before. */
export function composeDeviceListStream({ db }: Pick<Storage, 'db'>, engine: RoomEngine, stateHistory: StateHistory): DeviceListStream {
  return new DeviceListStream({
    db,
    stayedJoined: async (room, userId, at) => {
      const roomId = parseRoomId(room)
      const view = roomId === undefined ? undefined : await engine.view(roomId)
      if (view === undefined) return false
      const [from, upTo] = [await livePosAt(db, view, at), await livePosAt(db, view, db.positions())]
      return stayedJoined({ db, stateHistory }, view, userId, from, upTo)
    },
  })
}

/** Who leaves is told to those who keep device lists; who enters a room is made known to its servers. */
export function followMembers({ db }: Pick<Storage, 'db'>, { remoteDeviceLists, listIntroductions }: Encryption): void {
  db.onCommitted((announcements) => {
    for (const announcement of announcements) {
      if (!isRoomAnnouncement(announcement)) continue
      if (announcement.completed === true) remoteDeviceLists.membersKnown()
      // Another process makes known whom it let in.
      for (const { userId, membership, before } of announcement.slot === db.slot ? announcement.memberships : []) {
        if (membership === 'join' && before !== 'join') listIntroductions.entered(userId, announcement.roomId)
      }
      const { servers = [], members = [] } = announcement.returned ?? {}
      for (const userId of members) listIntroductions.entered(userId, announcement.roomId, servers)
      for (const { pdu } of announcement.events) {
        if (pdu.type !== 'm.room.member') continue
        const membership = membershipOfEvent(pdu)
        if (membership !== 'leave' && membership !== 'ban') continue
        const userId = pdu.stateKey === undefined ? undefined : parseUserId(pdu.stateKey)
        if (userId !== undefined) remoteDeviceLists.left(userId)
      }
    }
  })
}

/** What other servers send that concerns encryption. */
export function encryptionEdus({ toDevice, remoteDeviceLists }: Encryption): Readonly<Record<string, EduReceiver>> {
  const list =
    (type: string): EduReceiver =>
    (origin, content) =>
      remoteDeviceLists.receive(origin, type, content)
  return {
    'm.direct_to_device': (origin, content) => toDevice.receive(origin, content),
    'm.device_list_update': list('m.device_list_update'),
    'm.signing_key_update': list('m.signing_key_update'),
    'org.matrix.signing_key_update': list('m.signing_key_update'),
  }
}
