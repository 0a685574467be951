import type { JsonObject, ServerName } from '@causeway/events'
import type { EduEffect } from '../../rooms/inbound/receive-transaction.ts'

/** Takes in one type of EDU. */
export type EduReceiver = (origin: ServerName, content: JsonObject) => Promise<EduEffect | undefined>

/** Sends each EDU of a transaction to whoever knows its type; others are ignored, as the specification wants it. */
export function receiveEdus(receivers: Readonly<Record<string, EduReceiver>>) {
  const byType = new Map(Object.entries(receivers))
  return (origin: ServerName, type: string, content: JsonObject): Promise<EduEffect | undefined> =>
    byType.get(type)?.(origin, content) ?? Promise.resolve(undefined)
}
