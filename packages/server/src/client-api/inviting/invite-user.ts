import { memberOperation } from '../member-operation.ts'

/** POST /rooms/{roomId}/invite. Client-Server API, "Room membership". */
export const inviteUser = memberOperation({ action: 'invite', summary: 'Invite somebody to a room.' })
