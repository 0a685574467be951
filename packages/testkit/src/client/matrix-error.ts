import type { HttpAnswer } from './http-origin.ts'
import { at, brief } from './json.ts'

/** An answer with another status than 200, as tests read it. */
export class MatrixError extends Error {
  override readonly name = 'MatrixError'
  readonly status: number
  readonly errcode: string | undefined
  readonly body: unknown

  constructor(operation: string, answer: HttpAnswer) {
    super(`${operation}: ${answer.status} ${brief(answer.body)}`)
    this.status = answer.status
    const errcode = at(answer.body, 'errcode')
    this.errcode = typeof errcode === 'string' ? errcode : undefined
    this.body = answer.body
  }
}
