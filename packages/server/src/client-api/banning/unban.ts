import { memberOperation } from '../member-operation.ts'

/** POST /rooms/{roomId}/unban. Client-Server API, "Room membership". */
export const unban = memberOperation({ action: 'unban', summary: 'Let somebody come back who was banned.' })
