import { MatrixError, type ErrorCode } from '../errors.ts'
import { CommitUnknown } from '../storage/database.ts'

/** What a call gives back, as it travels. */
export type CallAnswer =
  | { readonly kind: 'value'; readonly value?: unknown }
  /** The process does not own the room; the call was not carried out. */
  | { readonly kind: 'moved' }
  | {
      readonly kind: 'matrix-error'
      readonly code: string
      readonly message: string
      readonly status: number
      readonly extra: Readonly<Record<string, string | number | boolean>>
    }
  | { readonly kind: 'commit-unknown'; readonly message: string }
  /** Anything else that was thrown: a bug, which the other process has logged. */
  | { readonly kind: 'fault' }

/** What a thrown error is to whoever called from another process. */
export function answerOfError(error: unknown): CallAnswer {
  if (error instanceof MatrixError) {
    const { code, message, status, extra } = error
    return { kind: 'matrix-error', code, message, status, extra }
  }
  return error instanceof CommitUnknown ? { kind: 'commit-unknown', message: error.message } : { kind: 'fault' }
}

/** The value of an answer, or the error as the other process threw it. */
export function valueOfAnswer(answer: Exclude<CallAnswer, { kind: 'moved' }>): unknown {
  if (answer.kind === 'value') return answer.value
  if (answer.kind === 'commit-unknown') throw new CommitUnknown(answer.message)
  if (answer.kind === 'fault') throw new Error('the process that owns the room failed; its log says why')
  // The other process is of this or the next version: a code that this one does not know is passed on as it is.
  throw new MatrixError(answer.code as ErrorCode, answer.message, { status: answer.status, extra: answer.extra })
}

/** Read an answer. Throws `CommitUnknown` for what is none: something may have been done. */
export function parseAnswer(text: string): CallAnswer {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new CommitUnknown('the process that owns the room gave no readable answer', { cause })
  }
  if (!isAnswer(value)) throw new CommitUnknown('the process that owns the room gave no readable answer')
  return value
}

function isAnswer(value: unknown): value is CallAnswer {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false
  if (value.kind === 'matrix-error') {
    return (
      'code' in value &&
      typeof value.code === 'string' &&
      'message' in value &&
      typeof value.message === 'string' &&
      'status' in value &&
      typeof value.status === 'number' &&
      'extra' in value &&
      typeof value.extra === 'object' &&
      value.extra !== null
    )
  }
  if (value.kind === 'commit-unknown') return 'message' in value && typeof value.message === 'string'
  return value.kind === 'value' || value.kind === 'moved' || value.kind === 'fault'
}
