import { memberOperation } from '../member-operation.ts'

/** POST /rooms/{roomId}/ban. Client-Server API, "Room membership". */
export const ban = memberOperation({ action: 'ban', summary: 'Put somebody out of a room for good.' })
