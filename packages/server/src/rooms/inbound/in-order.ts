/**
 * Things that stand for events, each after those that it follows (of these, by `parentsOf`) and otherwise in the order given.
 * Iterative, since a hostile chain may be long; on a cycle, which room versions 1 and 2 allow, the order is any. Of several for one
 * event only the last is kept.
 */
export function parentsFirst<T, Id>(items: readonly T[], idOf: (item: T) => Id, parentsOf: (item: T) => readonly Id[]): T[] {
  const byId = new Map(items.map((item) => [idOf(item), item]))
  const ordered: T[] = []
  const met = new Set<Id>()
  for (const [rootId, root] of byId) {
    if (met.has(rootId)) continue
    met.add(rootId)
    const stack = [{ item: root, ids: parentsOf(root), next: 0 }]
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const id = top.ids[top.next]
      top.next += 1
      if (id === undefined) {
        stack.pop()
        ordered.push(top.item)
        continue
      }
      const parent = met.has(id) ? undefined : byId.get(id)
      if (parent === undefined) continue
      met.add(id)
      stack.push({ item: parent, ids: parentsOf(parent), next: 0 })
    }
  }
  return ordered
}
