#!/usr/bin/env node
// The command "causeway". Any Node from 20 on can read this file; the server itself needs the one that npm brought.
import module from 'node:module'
import { fileURLToPath } from 'node:url'
import { continueIn, hereIsNewEnough } from './runtime.mjs'

if (hereIsNewEnough) {
  // Compiled code is kept, so that later starts need not strip types again. Where it can't be written, starts are slower.
  if (process.env.NODE_COMPILE_CACHE === undefined) module.enableCompileCache(fileURLToPath(new URL('../../../node_modules/.cache/causeway', import.meta.url)))
  const { main } = await import('../src/main/causeway.ts')
  await main()
} else {
  continueIn(fileURLToPath(import.meta.url), process.argv.slice(2))
}
