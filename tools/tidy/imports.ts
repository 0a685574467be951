/** One import of a file that exists at run time; type-only ones vanish. */
export interface Import {
  /** As written: `./x.ts`, `node:fs`, `@causeway/events`. */
  readonly from: string
  /** The names taken; empty for a whole module (`import x`, `import * as x`, `import()`). */
  readonly names: readonly string[]
}

const statement = /^(?:import|export)\s+(?!type\b)(?:([^'"`;]*?)\s+from\s+)?['"]([^'"]+)['"]/gm
const dynamic = /(?<!typeof )\bimport\(\s*['"]([^'"]+)['"]/g

/** The run-time imports of a TypeScript text. */
export function importsOf(text: string): Import[] {
  const found: Import[] = []
  for (const [, clause = '', from = ''] of text.matchAll(statement)) {
    const names = namesIn(clause)
    // `import { type A }` still loads the module, but takes nothing that exists.
    found.push({ from, names })
  }
  for (const [, from = ''] of text.matchAll(dynamic)) found.push({ from, names: [] })
  return found
}

function namesIn(clause: string): string[] {
  const braces = /\{([^}]*)\}/.exec(clause)?.[1]
  if (braces === undefined) return []
  const names = braces.split(',').map((name) => name.trim())
  return names.filter((name) => name !== '' && !name.startsWith('type ')).map((name) => name.split(/\s+as\s+/)[0] ?? name)
}
