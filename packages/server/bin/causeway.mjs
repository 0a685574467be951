#!/usr/bin/env node
// The command "causeway". Any Node from 20 on can read this file; the server itself needs the one that npm brought.
import { fileURLToPath } from 'node:url'
import { continueIn, hereIsNewEnough } from './runtime.mjs'

const main = new URL('../src/main/main.ts', import.meta.url)
if (hereIsNewEnough) await import(main.href)
else continueIn(fileURLToPath(main), process.argv.slice(2))
