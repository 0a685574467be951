// Goal: no rule of authorization stands in the code without a case that it refuses.
// Method: the names of the rules are read from the sources of this folder, and looked for in its tests' tables.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const texts = (pattern: string): string[] =>
  globSync(pattern, { cwd: import.meta.dirname }).map((file) => readFileSync(`${import.meta.dirname}/${file}`, 'utf8'))

test('S01: every rule has a case that it refuses, and every table has cases that are allowed', () => {
  const sources = texts('!(*.test|*.fixture).ts')
  const rules = new Set(sources.flatMap((text) => [...text.matchAll(/reject\(\s*'([a-z_.]+)'/g)].map(([, rule = '']) => rule)))
  assert.ok(rules.size > 50, `${rules.size} rules`)
  const tables = texts('*.test.ts')
  const named = new Set(tables.flatMap((text) => [...text.matchAll(/['"`]([a-z_]+(?:\.[a-z_]+)*)['"`]/g)].map(([, name = '']) => name)))
  assert.deepEqual(
    [...rules].filter((rule) => !named.has(rule)),
    [],
  )
  for (const text of tables.filter((each) => each.includes('verdict: string'))) assert.ok(text.includes("'allowed'"))
})
