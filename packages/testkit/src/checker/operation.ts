import { brief, stringAt, type UnknownObject } from '../client/json.ts'
import type { MatrixClient } from '../client/matrix-client.ts'

/** The key under which what the load writes can be told apart: each operation has its own value. */
export const markerKey = 'org.causeway.marker'

/** A message event. */
export interface SendOperation {
  readonly kind: 'send'
  readonly roomId: string
  readonly type: string
  readonly txnId: string
  readonly marker: string
  readonly content: UnknownObject
}

/** A redaction; its marker is its reason. */
export interface RedactOperation {
  readonly kind: 'redact'
  readonly roomId: string
  readonly txnId: string
  readonly marker: string
  readonly eventId: string
}

export interface StateOperation {
  readonly kind: 'state'
  readonly roomId: string
  readonly type: string
  readonly stateKey: string
  readonly marker: string
  readonly content: UnknownObject
}

/** The sender's own joining or leaving. */
export interface MembershipOperation {
  readonly kind: 'membership'
  readonly roomId: string
  readonly membership: 'join' | 'leave'
}

/** Account data of the sender: of one room, or global. */
export interface AccountDataOperation {
  readonly kind: 'account-data'
  readonly roomId: string | undefined
  readonly type: string
  readonly marker: string
}

/** A public read receipt. */
export interface ReceiptOperation {
  readonly kind: 'receipt'
  readonly roomId: string
  readonly eventId: string
}

/** The end of another session of the sender. */
export interface LogoutOperation {
  readonly kind: 'logout'
  readonly accessToken: string
}

/** One thing that a load client asks a server for. */
export type Operation =
  | SendOperation
  | RedactOperation
  | StateOperation
  | MembershipOperation
  | AccountDataOperation
  | ReceiptOperation
  | LogoutOperation

/** What a client knows of an operation afterwards. */
export type Outcome =
  /** 200: it has happened, for ever. The event's id where the operation makes an event and the answer says it. */
  | { readonly kind: 'ack'; readonly eventId: string | undefined }
  /** 4xx: it has not happened. */
  | { readonly kind: 'fail'; readonly why: string }
  /** No answer, or 5xx: it has happened whole or not at all. */
  | { readonly kind: 'unknown'; readonly why: string }

interface Call {
  readonly method: string
  readonly path: string
  readonly body: UnknownObject
}

/** The request of an operation. */
function callOf(operation: Operation, userId: string): Call {
  const encode = encodeURIComponent
  const room = (roomId: string): string => `v3/rooms/${encode(roomId)}`
  switch (operation.kind) {
    case 'send':
      return {
        method: 'PUT',
        path: `${room(operation.roomId)}/send/${encode(operation.type)}/${encode(operation.txnId)}`,
        body: operation.content,
      }
    case 'redact':
      return {
        method: 'PUT',
        path: `${room(operation.roomId)}/redact/${encode(operation.eventId)}/${encode(operation.txnId)}`,
        body: { reason: operation.marker },
      }
    case 'state':
      return {
        method: 'PUT',
        path: `${room(operation.roomId)}/state/${encode(operation.type)}/${encode(operation.stateKey)}`,
        body: operation.content,
      }
    case 'membership':
      return { method: 'POST', path: `${room(operation.roomId)}/${operation.membership}`, body: {} }
    case 'account-data': {
      const place = operation.roomId === undefined ? '' : `rooms/${encode(operation.roomId)}/`
      return {
        method: 'PUT',
        path: `v3/user/${encode(userId)}/${place}account_data/${encode(operation.type)}`,
        body: { [markerKey]: operation.marker },
      }
    }
    case 'receipt':
      return { method: 'POST', path: `${room(operation.roomId)}/receipt/m.read/${encode(operation.eventId)}`, body: {} }
    case 'logout':
      return { method: 'POST', path: 'v3/logout', body: {} }
  }
}

const makesEvent: ReadonlySet<Operation['kind']> = new Set(['send', 'redact', 'state'])

/** Ask a server for an operation, once. After `msMax` without an answer the outcome is unknown. */
export async function perform(client: MatrixClient, operation: Operation, msMax: number): Promise<Outcome> {
  const { method, path, body } = callOf(operation, client.userId)
  const token = operation.kind === 'logout' ? operation.accessToken : client.accessToken
  try {
    const answer = await client.origin.request({
      method,
      path: `/_matrix/client/${path}`,
      headers: { authorization: `Bearer ${token}` },
      body,
      msMax,
    })
    if (answer.status === 200) {
      return { kind: 'ack', eventId: makesEvent.has(operation.kind) ? stringAt(answer.body, 'event_id') : undefined }
    }
    const why = `${answer.status} ${brief(answer.body)}`
    return answer.status >= 400 && answer.status < 500 ? { kind: 'fail', why } : { kind: 'unknown', why }
  } catch (error) {
    return { kind: 'unknown', why: error instanceof Error ? error.message : String(error) }
  }
}
