import { importsOf } from './imports.ts'

/** Modules of the runtime that only compute. */
const pure = new Set(['node:assert', 'node:assert/strict', 'node:buffer', 'node:path', 'node:querystring', 'node:url', 'node:util'])

/** Of modules that do more, the names that only compute. */
const pureNames: Readonly<Record<string, readonly string[]>> = {
  'node:net': ['isIP', 'isIPv4', 'isIPv6', 'BlockList'],
  'node:crypto': ['hash', 'createHash', 'createHmac', 'timingSafeEqual', 'argon2', 'argon2Sync', 'verify', 'createPublicKey'],
}

/** Where else a module may be used, and why. */
const exceptions: readonly { readonly folder: string; readonly module: string; readonly why: string }[] = [
  { folder: 'storage/', module: 'node:sqlite', why: 'the embedded database is the storage itself' },
  { folder: 'storage/', module: 'node:worker_threads', why: 'the writer of the embedded database is a thread' },
  { folder: 'storage/', module: 'node:fs', why: 'the database’s own files are measured and made beside it' },
  {
    folder: 'http/outbound/',
    module: 'node:tls',
    why: 'the certificates that a peer is checked against belong to the one client for requests to others',
  },
  { folder: 'main/', module: 'node:module', why: 'the compile cache is set up where the process begins' },
  { folder: 'main/', module: 'node:stream/consumers', why: 'the command line reads its standard input' },
]

/** What of the machine a file of the server takes without being allowed to: `rooms/x.ts takes randomBytes of node:crypto`. */
export function forbiddenModules(path: string, text: string): string[] {
  if (path.startsWith('platform/')) return []
  return importsOf(text).flatMap(({ from, names }) => {
    if (!from.startsWith('node:') || pure.has(from)) return []
    if (exceptions.some(({ folder, module }) => module === from && path.startsWith(folder))) return []
    const allowed = pureNames[from] ?? []
    const wrong = names.length === 0 ? ['everything'] : names.filter((name) => !allowed.includes(name))
    return wrong.map((name) => `${path} takes ${name} of ${from}: that is for platform/`)
  })
}

/** What the room core takes beside itself: hashing and signatures, nothing else. */
export function impureInEvents(path: string, text: string): string[] {
  return importsOf(text).flatMap(({ from, names }) => {
    if (from.startsWith('.') || from === 'sodium-native') return []
    if (from === 'node:crypto' && names.every((name) => name === 'hash') && names.length > 0) return []
    return [`${path} imports ${from}`]
  })
}

/** Packages that a file imports and its package does not name. */
export function undeclared(path: string, text: string, declared: ReadonlySet<string>): string[] {
  return importsOf(text).flatMap(({ from }) => {
    if (from.startsWith('.') || from.startsWith('node:')) return []
    const name = from
      .split('/')
      .slice(0, from.startsWith('@') ? 2 : 1)
      .join('/')
    return declared.has(name) ? [] : [`${path} imports ${name}, which its package.json does not name`]
  })
}
