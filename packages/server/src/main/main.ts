// The process's entry: `causeway` is this file, run by the launcher in ../../bin.
import module from 'node:module'
import { fileURLToPath } from 'node:url'

// What the server makes is for its owner alone, whoever may look into its folder.
process.umask(0o077)

// Compiled code is kept, so that later starts need not strip types again; where it can't be written, starts are slower.
// Before everything else is loaded: hence the import below is no statement at the top.
if (process.env['NODE_COMPILE_CACHE'] === undefined) {
  module.enableCompileCache(fileURLToPath(new URL('../../../../node_modules/.cache/causeway', import.meta.url)))
}
const { run } = await import('./causeway.ts')
process.exit(await run(process.argv.slice(2)))
