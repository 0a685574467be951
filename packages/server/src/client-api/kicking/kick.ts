import { memberOperation } from '../member-operation.ts'

/** POST /rooms/{roomId}/kick. Client-Server API, "Room membership". */
export const kick = memberOperation({ action: 'kick', summary: 'Put somebody out of a room.' })
