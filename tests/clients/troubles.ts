import type { SeededRandom } from '../../packages/testkit/src/checker/seeded-random.ts'
import type { Homeserver } from '../../packages/testkit/src/processes/homeserver.ts'
import { Conversation, Side } from './conversation.ts'
import type { Devices } from './devices.ts'

/** What a troubled conversation is made of. */
export interface Setting {
  readonly devices: Devices
  readonly random: SeededRandom
  readonly one: Homeserver
  readonly two: Homeserver
  /** The second server is not ours; see `Side.isForeign`. */
  readonly otherIsForeign?: boolean
  /** Cut the two servers off from each other, and let them through again. */
  readonly partition: () => void
  readonly mend: () => void
  /** Messages in all. */
  readonly messages: number
  /** Milliseconds in which everything must have arrived after the last trouble. */
  readonly settleMsMax: number
  /** The beginning of the accounts' names. */
  readonly name: string
  readonly print: (line: string) => void
}

/** Play a conversation through all troubles. Throws if any device does not read what it must. */
export async function troubledConversation(setting: Setting): Promise<void> {
  const { random, print, messages } = setting
  const sides = [new Side(setting.one, false), new Side(setting.two, setting.otherIsForeign === true)] as const
  const conversation = await Conversation.begin(setting, ...sides, setting.name)
  const play = new Play(setting, conversation, sides)
  const trouble = async (): Promise<void> => {
    const left = Object.entries(play.troubles())
    while (left.length > 0) {
      const [[what, happen] = ['', undefined]] = left.splice(random.below(left.length), 1)
      const count = Math.ceil((messages - conversation.messages) / (left.length + 1))
      print(`${what}: ${count} messages`)
      await happen?.(count)
    }
    await conversation.settle(setting.settleMsMax)
  }
  try {
    await setting.devices.explain(() => conversation.members.map(({ client }) => client), trouble)
    print(`${conversation.messages} messages, ${conversation.members.length} devices, ${play.summary()}`)
  } finally {
    await conversation.close()
  }
}

class Play {
  readonly #setting: Setting
  readonly #conversation: Conversation
  readonly #sides: readonly [Side, Side]
  readonly #counts = { stops: 0, kills: 0, partitions: 0 }

  constructor(setting: Setting, conversation: Conversation, sides: readonly [Side, Side]) {
    this.#setting = setting
    this.#conversation = conversation
    this.#sides = sides
  }

  /** What happens while people write, each once; given the number of messages. */
  troubles(): Readonly<Record<string, (count: number) => Promise<void>>> {
    const [one, two] = this.#sides
    return {
      'stop one': (count) => this.#during(count, () => this.#restart('stop', one)),
      'stop two': (count) => this.#during(count, () => this.#restart('stop', two)),
      'kill one': (count) => this.#during(count, () => this.#restart('kill', one)),
      'kill two': (count) => this.#during(count, () => this.#restart('kill', two)),
      'kill both': (count) => this.#during(count, () => this.#restart('kill', one, two)),
      'cut off': (count) => this.#cutOff(() => this.#conversation.talk(count)),
      'cut off, kill one': (count) => this.#cutOff(() => this.#during(count, () => this.#restart('kill', one))),
      'cut off, kill two': (count) => this.#cutOff(() => this.#during(count, () => this.#restart('kill', two))),
      'cut off, stop both': (count) => this.#cutOff(() => this.#during(count, () => this.#restart('stop', one, two))),
      'new device on one': (count) => this.#newDevice(one, count, async () => undefined),
      'new device on two': (count) => this.#newDevice(two, count, async () => undefined),
      'new device on one, kill one': (count) => this.#newDevice(one, count, () => this.#restart('kill', one)),
      'new device on two, kill two': (count) => this.#newDevice(two, count, () => this.#restart('kill', two)),
      'a device out of reach': (count) => this.#outOfReach(() => this.#conversation.talk(count)),
      'a device out of reach, kill both': (count) => this.#outOfReach(() => this.#during(count, () => this.#restart('kill', one, two))),
    }
  }

  summary(): string {
    const { stops, kills, partitions } = this.#counts
    return `${stops} stops, ${kills} kills, ${partitions} partitions`
  }

  /** Something happens somewhere among some messages. */
  async #during(count: number, trouble: () => Promise<void>): Promise<void> {
    const after = 1 + this.#setting.random.below(Math.max(1, count - 1))
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    let said = 0
    await this.#conversation.talk(count, () => {
      said += 1
      if (said === after) trouble().then(resolve, reject)
    })
    await promise
  }

  async #restart(how: 'stop' | 'kill', ...sides: readonly Side[]): Promise<void> {
    this.#counts[how === 'stop' ? 'stops' : 'kills'] += sides.length
    await Promise.all(
      sides.map(async (side) => {
        await side.restart(how)
        this.#conversation.wake(side)
      }),
    )
  }

  async #cutOff(meanwhile: () => Promise<void>): Promise<void> {
    this.#counts.partitions += 1
    this.#setting.partition()
    await meanwhile()
    this.#setting.mend()
  }

  async #newDevice(side: Side, count: number, meanwhile: () => Promise<void>): Promise<void> {
    await this.#conversation.addDevice(side, meanwhile)
    await this.#conversation.talk(count)
  }

  async #outOfReach(meanwhile: () => Promise<void>): Promise<void> {
    const member = this.#setting.random.pick(this.#conversation.members)
    member.away = true
    member.link.cut()
    await meanwhile()
    member.link.mend()
    member.away = false
    member.client.retryImmediately()
  }
}
