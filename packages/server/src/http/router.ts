import { assert } from '../assert.ts'
import { paramReader, readParam, type ParamReader } from './path-params.ts'

interface Leaf<T> {
  readonly value: T
  readonly readers: readonly ParamReader[]
}

interface Node<T> {
  readonly statics: Map<string, Node<T>>
  param: Node<T> | undefined
  readonly leaves: Map<string, Leaf<T>>
}

/** What a path leads to. `values` are the parameters' segments as sent, in the path's order. */
export type Found<T> =
  | { readonly kind: 'found'; readonly value: T; readonly readers: readonly ParamReader[]; readonly values: readonly string[] }
  | { readonly kind: 'wrong method'; readonly allowed: readonly string[] }
  | { readonly kind: 'unknown' }

const unknown: Found<never> = { kind: 'unknown' }

/**
 * A tree of path segments. Fixed segments are compared as sent, byte for byte: another case, a trailing or doubled slash,
 * a percent-encoded letter or slash lead nowhere, so that a rule in a proxy can't be walked around.
 */
export class Router<T> {
  readonly #root: Node<T> = newNode()

  /** Add a path such as `/rooms/{roomId}/join`. Adding the same method and path twice is our mistake. */
  add(method: string, path: string, value: T): void {
    assert(path.startsWith('/'), `a path begins with a slash: ${path}`)
    const readers: ParamReader[] = []
    let node = this.#root
    for (const segment of path.slice(1).split('/')) {
      if (segment.startsWith('{') && segment.endsWith('}')) {
        readers.push(paramReader(segment.slice(1, -1)))
        node = node.param ??= newNode()
      } else {
        node = child(node, segment)
      }
    }
    assert(!node.leaves.has(method), `declared twice: ${method} ${path}`)
    node.leaves.set(method, { value, readers })
  }

  /** What answers `method` on `path` (without its query). */
  find(method: string, path: string): Found<T> {
    if (path.charCodeAt(0) !== slash) return unknown
    const values: string[] = []
    const node = walk(this.#root, path, 1, values)
    if (node === undefined) return unknown
    const leaf = node.leaves.get(method)
    if (leaf === undefined) return { kind: 'wrong method', allowed: [...node.leaves.keys()] }
    return { kind: 'found', value: leaf.value, readers: leaf.readers, values }
  }
}

const slash = 0x2f

function newNode<T>(): Node<T> {
  return { statics: new Map(), param: undefined, leaves: new Map() }
}

function child<T>(node: Node<T>, segment: string): Node<T> {
  const existing = node.statics.get(segment)
  if (existing !== undefined) return existing
  const made = newNode<T>()
  node.statics.set(segment, made)
  return made
}

/** The node of `path` from the character `from` on; a fixed segment goes before a parameter. Depth is bounded by the tree. */
function walk<T>(node: Node<T>, path: string, from: number, values: string[]): Node<T> | undefined {
  const slashAt = path.indexOf('/', from)
  const segment = slashAt < 0 ? path.slice(from) : path.slice(from, slashAt)

  const fixed = node.statics.get(segment)
  if (fixed !== undefined) {
    const end = slashAt < 0 ? ending(fixed) : walk(fixed, path, slashAt + 1, values)
    if (end !== undefined) return end
  }

  // A proxy would have resolved `.` and `..`; here they are no identifier of anything.
  if (node.param === undefined || segment === '' || segment === '.' || segment === '..') return undefined
  const mark = values.length
  values.push(segment)
  const end = slashAt < 0 ? ending(node.param) : walk(node.param, path, slashAt + 1, values)
  if (end === undefined) values.length = mark
  return end
}

function ending<T>(node: Node<T>): Node<T> | undefined {
  return node.leaves.size > 0 ? node : undefined
}

/**
 * The parameters by name. `absent` names one that is empty when the path leaves it out. Throws M_INVALID_PARAM naming the one
 * that its parser refuses.
 */
export function readParams(readers: readonly ParamReader[], values: readonly string[], absent?: string): Record<string, string> {
  const params: Record<string, string> = absent === undefined ? {} : { [absent]: '' }
  for (let i = 0; i < readers.length; i++) {
    const reader = readers[i]
    const segment = values[i]
    assert(reader !== undefined && segment !== undefined, 'a path has as many values as parameters')
    params[reader.name] = readParam(reader, segment)
  }
  return params
}
