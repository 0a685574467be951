import { ClientEvent, type MatrixClient } from 'matrix-js-sdk'
import { CryptoEvent } from 'matrix-js-sdk/lib/crypto-api/index.js'

/** Lines that are kept of one device. */
const LINES_MAX = 40

/** What a device did last: its requests, what came to it from other devices, whose devices it heard of. It is for errors. */
export class Diary {
  readonly #lines: string[] = []
  readonly #underWay = new Map<number, string>()
  #requests = 0

  /** `fetch`, written down; answers to /sync only if they are errors. */
  readonly fetch: typeof fetch = async (resource, init) => {
    const url = new URL(resource instanceof Request ? resource.url : resource)
    const [id, began] = [this.#requests++, performance.now()]
    const what = `${init?.method ?? 'GET'} ${url.pathname.replace('/_matrix/client/', '')}`
    this.#underWay.set(id, `${what}, since ${now()}`)
    let outcome: number | string = 'no answer'
    try {
      const answer = await fetch(resource, init)
      outcome = answer.status
      return answer
    } catch (error) {
      outcome = String(error)
      throw error
    } finally {
      this.#underWay.delete(id)
      if (outcome !== 200 || !url.pathname.endsWith('/sync')) this.#note(`${what}: ${outcome} after ${ms(performance.now() - began)}`)
    }
  }

  /** Write down what this client hears from now on. */
  follow(client: MatrixClient): void {
    client.on(ClientEvent.ReceivedToDeviceMessage, ({ message, encryptionInfo }) => {
      this.#note(`message between devices: ${message.type} of ${message.sender}${encryptionInfo === null ? '' : ', encrypted'}`)
    })
    client.on(CryptoEvent.DevicesUpdated, (userIds) => this.#note(`devices of ${userIds.join(', ')}`))
    client.on(ClientEvent.Sync, (state, last) => {
      if (state !== last) this.#note(`/sync is ${state}`)
    })
  }

  toString(): string {
    return [...this.#lines, ...[...this.#underWay.values()].map((what) => `under way: ${what}`), `it is ${now()}`].join('\n  ')
  }

  #note(line: string): void {
    this.#lines.push(`${now()} ${line}`)
    if (this.#lines.length > LINES_MAX) this.#lines.shift()
  }
}

/** The time of this process, in seconds. */
function now(): string {
  return (performance.now() / 1_000).toFixed(3)
}

function ms(duration: number): string {
  return `${Math.round(duration)} ms`
}
