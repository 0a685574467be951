#!/usr/bin/env node
// The command "causeway". Any Node from 20 on can read this file; the server itself needs the one that npm brought.
import { fileURLToPath } from 'node:url'
import { continueIn, continueTuned, hereIsNewEnough } from './runtime.mjs'

const main = new URL('../src/main/main.ts', import.meta.url)
if (hereIsNewEnough) {
  // A server lives long and is worth a setting or two; a command is over before they would pay.
  if (process.argv[2] === 'start') continueTuned(fileURLToPath(import.meta.url), process.argv.slice(2))
  await import(main.href)
} else continueIn(fileURLToPath(main), process.argv.slice(2))
