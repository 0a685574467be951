/** Numbers that mean one thing only: an event's number in its room (0 is none) and a state key's number in its room. */
export type EventNumber = number
export type KeyNumber = number

const bits = 5
const width = 1 << bits
const mask = width - 1

type Leaf = readonly number[]
type Branch = readonly (Tree | undefined)[]
type Tree = Leaf | Branch

const emptyLeaf: Leaf = new Array<number>(width).fill(0)
const emptyBranch: Branch = new Array<undefined>(width).fill(undefined)

/**
 * A room's state: which event holds each state key. Persistent: `with` shares all but a path with the vector it starts
 * from, so state at many events costs their differences, and two vectors are compared by their differences.
 */
export class StateVector {
  static readonly empty = new StateVector(0, undefined)
  readonly #levels: number
  readonly #root: Tree | undefined

  private constructor(levels: number, root: Tree | undefined) {
    this.#levels = levels
    this.#root = root
  }

  /** A state of these entries, made at once: for a whole room it costs a fraction of as many `with`. Of a key's entries the last holds. */
  static of(entries: Iterable<readonly [KeyNumber, EventNumber]>): StateVector {
    const leaves = new Map<number, number[]>()
    for (const [key, event] of entries) {
      let leaf = leaves.get(key >>> bits)
      if (leaf === undefined) leaves.set(key >>> bits, (leaf = [...emptyLeaf]))
      leaf[key & mask] = event
    }
    let level: ReadonlyMap<number, Tree> = leaves
    let levels = 0
    for (; level.size > 1 || !level.has(0); levels += 1) {
      if (level.size === 0) return StateVector.empty
      const above = new Map<number, (Tree | undefined)[]>()
      for (const [index, tree] of level) {
        let branch = above.get(index >>> bits)
        if (branch === undefined) above.set(index >>> bits, (branch = [...emptyBranch]))
        branch[index & mask] = tree
      }
      level = above
    }
    return new StateVector(levels, level.get(0))
  }

  /** The event that holds `key`, 0 if none does. */
  get(key: KeyNumber): EventNumber {
    if (key >= width ** (this.#levels + 1)) return 0
    let tree = this.#root
    for (let level = this.#levels; level > 0; level -= 1) {
      if (tree === undefined) return 0
      tree = child(tree, (key >>> (level * bits)) & mask)
    }
    return tree === undefined ? 0 : number(tree, key & mask)
  }

  /** This state with `event` holding `key`; 0 takes the key away. */
  with(key: KeyNumber, event: EventNumber): StateVector {
    let levels = this.#levels
    let root = this.#root
    while (key >= width ** (levels + 1)) {
      if (root !== undefined) root = replaced(emptyBranch, 0, root)
      levels += 1
    }
    return new StateVector(levels, put(root, levels, key, event))
  }

  /** All entries, by rising key. */
  *entries(): Generator<[KeyNumber, EventNumber]> {
    yield* walk(this.#root, this.#levels, 0)
  }

  /** The entries whose events have at least this number, by rising key. For a large state a fraction of the cost of `entries`. */
  entriesFrom(floor: EventNumber): readonly (readonly [KeyNumber, EventNumber])[] {
    const found: [number, number][] = []
    collect(this.#root, this.#levels, 0, floor, found)
    return found
  }

  /** Where the two differ: [key, event here, event there]. Costs as much as the difference. */
  differences(other: StateVector): [KeyNumber, EventNumber, EventNumber][] {
    const found: [KeyNumber, EventNumber, EventNumber][] = []
    const levels = Math.max(this.#levels, other.#levels)
    compare(lifted(this.#root, this.#levels, levels), lifted(other.#root, other.#levels, levels), levels, 0, found)
    return found
  }
}

function child(tree: Tree, index: number): Tree | undefined {
  const entry = tree[index]
  return typeof entry === 'number' ? undefined : entry
}

function number(tree: Tree, index: number): number {
  const entry = tree[index]
  return typeof entry === 'number' ? entry : 0
}

function replaced(branch: Branch, index: number, tree: Tree): Branch {
  const copy = branch.slice()
  copy[index] = tree
  return copy
}

function put(tree: Tree | undefined, level: number, key: number, event: number): Tree {
  if (level === 0) {
    const leaf = (tree ?? emptyLeaf).slice()
    leaf[key & mask] = event
    return leaf as Leaf
  }
  const index = (key >>> (level * bits)) & mask
  const branch = (tree ?? emptyBranch) as Branch
  return replaced(branch, index, put(child(branch, index), level - 1, key, event))
}

function lifted(tree: Tree | undefined, from: number, to: number): Tree | undefined {
  let root = tree
  for (let level = from; level < to && root !== undefined; level += 1) root = replaced(emptyBranch, 0, root)
  return root
}

function* walk(tree: Tree | undefined, level: number, prefix: number): Generator<[KeyNumber, EventNumber]> {
  if (tree === undefined) return
  for (let index = 0; index < width; index += 1) {
    const key = prefix * width + index
    if (level > 0) yield* walk(child(tree, index), level - 1, key)
    else if (number(tree, index) !== 0) yield [key, number(tree, index)]
  }
}

function collect(tree: Tree | undefined, level: number, prefix: number, floor: number, found: [number, number][]): void {
  if (tree === undefined) return
  for (let index = 0; index < width; index += 1) {
    const key = prefix * width + index
    if (level > 0) {
      collect(child(tree, index), level - 1, key, floor, found)
      continue
    }
    const event = number(tree, index)
    if (event !== 0 && event >= floor) found.push([key, event])
  }
}

function compare(a: Tree | undefined, b: Tree | undefined, level: number, prefix: number, found: [number, number, number][]): void {
  if (a === b) return
  for (let index = 0; index < width; index += 1) {
    const key = prefix * width + index
    if (level > 0) {
      compare(a && child(a, index), b && child(b, index), level - 1, key, found)
      continue
    }
    const here = a ? number(a, index) : 0
    const there = b ? number(b, index) : 0
    if (here !== there) found.push([key, here, there])
  }
}
