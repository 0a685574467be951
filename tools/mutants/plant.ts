import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Mutant, Patch } from './mutants.ts'

/** The text with the mistake in it. Throws when the place is not there exactly once. */
export function planted(text: string, { file, find, replace }: Patch): string {
  const places = text.split(find).length - 1
  if (places !== 1) throw new Error(`${file} has ${places} places to plant a mistake in instead of one: ${find}`)
  return text.replace(find, () => replace)
}

/** A copy of what the simulation runs on, in which mistakes can be planted. */
export function copyRepository(root: string, to: string): void {
  for (const folder of ['packages', 'tools/simulation']) {
    cpSync(join(root, folder), join(to, folder), {
      recursive: true,
      filter: (path) => !path.includes('node_modules') && !path.endsWith('.test.ts'),
    })
  }
  cpSync(join(root, 'package.json'), join(to, 'package.json'))
  const modules = join(to, 'node_modules')
  mkdirSync(join(modules, '@causeway'), { recursive: true })
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name !== '@causeway' && !name.startsWith('.')) symlinkSync(join(root, 'node_modules', name), join(modules, name))
  }
  for (const name of readdirSync(join(to, 'packages'))) symlinkSync(join(to, 'packages', name), join(modules, '@causeway', name))
}

/** Plant a mistake in a copy; gives what takes it out again. */
export function plant(copy: string, { patches }: Mutant): () => void {
  const before = new Map<string, string>()
  const after = new Map<string, string>()
  for (const patch of patches) {
    const path = join(copy, patch.file)
    const text = after.get(path) ?? readFileSync(path, 'utf8')
    if (!before.has(path)) before.set(path, text)
    after.set(path, planted(text, patch))
  }
  for (const [path, text] of after) writeFileSync(path, text)
  return () => {
    for (const [path, text] of before) writeFileSync(path, text)
  }
}
