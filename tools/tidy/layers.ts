import { dirname, posix } from 'node:path'
import { importsOf } from './imports.ts'

/** The server's folders, highest first. A file imports only from its own folder or from lines below it; within a line, too, nobody looks aside. */
export const layers: readonly (readonly string[])[] = [
  ['main'],
  ['client-api', 'federation-api', 'admin-api'],
  ['sync'],
  ['rooms'],
  ['users', 'ephemeral', 'e2ee', 'media'],
  ['federation'],
  ['workers'],
  ['http'],
  ['storage'],
  ['platform', 'config'],
  ['assert.ts', 'errors.ts', 'limits.ts'],
]

function top(path: string): string {
  return path.split('/')[0] ?? ''
}

function levelOf(folder: string): number {
  return layers.findIndex((names) => names.includes(folder))
}

/** Paths (relative to the server's src) whose folder is in no layer. */
export function strangers(paths: readonly string[]): string[] {
  return paths.filter((path) => levelOf(top(path)) < 0)
}

/** Every import that climbs or goes aside: `rooms/x.ts imports sync/y.ts`. `files` are texts by path within the server's src. */
export function climbing(files: ReadonlyMap<string, string>): string[] {
  const found: string[] = []
  for (const [path, text] of files) {
    for (const { from } of importsOf(text)) {
      if (!from.startsWith('.')) continue
      const target = posix.join(dirname(path), from)
      const [own, other] = [top(path), top(target)]
      if (own !== other && levelOf(other) <= levelOf(own)) found.push(`${path} imports ${target}`)
    }
  }
  return found
}
