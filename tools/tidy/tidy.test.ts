// Goal: the order of the layers and the other habits of the project that a machine can check.
// Method: every file of the tree is read as text; each rule is first shown a breach that it must find.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { configManual } from '../../packages/server/src/config/manual.ts'
import { federationEndpoints } from '../../packages/server/src/federation-api/federation-endpoints.ts'
import { misplacedOperations, readRulesPage, testTitles, unheldRules } from './held-rules.ts'
import { importsOf } from './imports.ts'
import { climbing, strangers } from './layers.ts'
import { forbiddenModules, impureInEvents, undeclared } from './modules.ts'
import { isShipped, root, texts } from './tree.ts'

const serverTexts = await texts('packages/server/src', '**/*.ts')
const shipped = new Map([...serverTexts].filter(([path]) => isShipped(path)))
const eventsTexts = new Map([...(await texts('packages/events/src', '**/*.ts'))].filter(([path]) => isShipped(path)))

test('imports are found in all their forms, and types are not', () => {
  const text = `import a from './a.ts'
import { b, type C as D } from "./b.ts"
import type { E } from './e.ts'
import {
  f as g,
} from './f.ts'
export { h } from './h.ts'
export type { I } from './i.ts'
import './j.ts'
const k = await import('./k.ts')
let l: typeof import('./l.ts')
`
  assert.deepEqual(
    importsOf(text).map(({ from, names }) => [from, ...names]),
    [['./a.ts'], ['./b.ts', 'b'], ['./f.ts', 'f'], ['./h.ts', 'h'], ['./j.ts'], ['./k.ts']],
  )
})

test('the server’s folders import downwards only', () => {
  const breach = new Map([
    ['rooms/x.ts', "import { y } from '../sync/y.ts'"],
    ['platform/x.ts', "import { y } from '../config/y.ts'"],
    ['sync/x.ts', "import type { y } from '../main/y.ts'\nimport { z } from '../rooms/engine/z.ts'"],
  ])
  assert.deepEqual(climbing(breach), ['rooms/x.ts imports sync/y.ts', 'platform/x.ts imports config/y.ts'])
  assert.deepEqual(strangers(['helpers/x.ts', 'rooms/x.ts']), ['helpers/x.ts'])
  assert.deepEqual(strangers([...shipped.keys()]), [])
  assert.deepEqual(climbing(shipped), [])
})

test('only platform touches the machine', () => {
  assert.deepEqual(forbiddenModules('rooms/x.ts', "import { hash, randomBytes } from 'node:crypto'\nimport fs from 'node:fs'"), [
    'rooms/x.ts takes randomBytes of node:crypto: that is for platform/',
    'rooms/x.ts takes everything of node:fs: that is for platform/',
  ])
  assert.deepEqual(
    [...shipped].flatMap(([path, text]) => forbiddenModules(path, text)),
    [],
  )
})

test('the room core stays pure', () => {
  assert.deepEqual(impureInEvents('x.ts', "import { randomBytes } from 'node:crypto'\nimport { hash } from 'node:crypto'"), [
    'x.ts imports node:crypto',
  ])
  assert.deepEqual(
    [...eventsTexts].flatMap(([path, text]) => impureInEvents(path, text)),
    [],
  )
})

interface Manifest {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

async function manifests(): Promise<Map<string, Manifest>> {
  const found = [...(await texts('.', 'package.json')), ...(await texts('.', 'packages/*/package.json'))]
  return new Map(found.map(([path, text]) => [path, JSON.parse(text)]))
}

test('every dependency has one exact version', async () => {
  for (const [path, { dependencies, devDependencies, optionalDependencies }] of await manifests()) {
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })) {
      assert.match(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/, `${path}: ${name}`)
    }
  }
})

test('what is imported is declared', async () => {
  const all = await manifests()
  const problems: string[] = []
  for (const folder of ['packages/server', 'packages/events']) {
    const manifest = all.get(`${folder}/package.json`)
    const declared = new Set(Object.keys(manifest?.dependencies ?? {}))
    for (const [path, text] of folder === 'packages/server' ? shipped : eventsTexts) problems.push(...undeclared(path, text, declared))
  }
  assert.deepEqual(problems, [])
})

test('links between documents lead somewhere', async () => {
  const documents = new Map([...(await texts('.', '*.md')), ...(await texts('.', 'docs/**/*.md'))])
  const broken: string[] = []
  for (const [path, text] of documents) {
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target) || target.startsWith('#')) continue
      const file = join(root, dirname(path), target.split('#')[0] ?? '')
      if (!existsSync(file)) broken.push(`${path}: ${target}`)
    }
  }
  assert.deepEqual(broken, [])
})

test('the reference of the configuration is what the declarations say (npm run docs writes it)', async () => {
  const written = (await texts('docs/reference', 'configuration.md')).get('configuration.md')
  assert.equal(written, configManual())
})

const textOf = (path: string): string | undefined => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined)

test('titles of tests are found, and rules without a test', () => {
  const source = `test('one', () => {})
attack(
  "another's",
  async () => {},
)
scenario(\`of \${name}\`, play)
onEachUserServer('on \\'each\\'', {}, play)
assert.equal('no title', 'none')`
  assert.deepEqual(testTitles(source), ['one', "another's", 'of ${name}', "on 'each'"])
  const page = readRulesPage(`# Rules
- Held. [words](../../a.test.ts "one") [more](../../a.test.ts "of \${")
- Held by nothing.
- Held by what is gone. [words](../../a.test.ts "two") [words](../../gone.test.ts "one")
## Operations
- \`GET /a\` [a](../../a.ts) [words](../../a.test.ts "each")
- \`GET /b\` [b](../../a.ts) [words](../../a.test.ts "each")
- \`GET /c\`: not served, since it is not ours to serve.
- \`GET /d\`
## Not held by a test
- A rule.
- Another rule: nobody does it.
`)
  const read = (file: string): string | undefined =>
    new Map([
      ['a.test.ts', source],
      ['a.ts', "summary: 'A.'"],
    ]).get(file)
  assert.deepEqual(unheldRules(page, read), [
    'no test: Held by nothing.',
    'a.test.ts has no test "two": Held by what is gone.',
    'gone.test.ts has no test "one": Held by what is gone.',
    'no file, and no reason why it is not served: `GET /d`',
    'no reason: A rule.',
  ])
  const served = [
    { method: 'GET', path: '/a', summary: 'A.' },
    { method: 'GET', path: '/c', summary: 'A.' },
  ]
  assert.deepEqual(misplacedOperations(page, served, read), [
    'GET /c is served, and not listed with its file',
    'GET /b is listed, and not served',
  ])
  assert.deepEqual(misplacedOperations(page, [{ method: 'GET', path: '/b', summary: 'B.' }], read).slice(0, 1), ['GET /b is not in a.ts'])
})

test('each rule of federation is held by a test, and each operation for other servers is listed', () => {
  const page = readRulesPage(textOf('docs/reference/federation-rules.md') ?? '')
  assert.ok(page.rules.length > 100)
  assert.deepEqual(unheldRules(page, textOf), [])
  assert.deepEqual(misplacedOperations(page, federationEndpoints, textOf), [])
})
