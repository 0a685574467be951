/** A link to a test: the file, from the project's root, and a part of the title. */
export interface TestLink {
  readonly file: string
  readonly title: string
}

/** A rule, or an operation for other servers, as docs/reference/federation-rules.md lists it. */
export interface HeldRule {
  /** The line without its links. */
  readonly text: string
  readonly tests: readonly TestLink[]
}

/** An operation for other servers in that list. */
export interface ListedOperation extends HeldRule {
  /** Method and path, as `GET /_matrix/…`. */
  readonly name: string
  /** The file that implements it, from the project's root; absent for one that is not served. */
  readonly file: string | undefined
}

/** What docs/reference/federation-rules.md says. */
export interface RulesPage {
  readonly rules: readonly HeldRule[]
  readonly operations: readonly ListedOperation[]
  /** Lines of the section of what no test holds. */
  readonly unheld: readonly string[]
}

const folder = 'docs/reference/'
const testLink = /\[[^\]]+\]\(([^\s)]+) "((?:[^"\\]|\\.)*)"\)/g
const fileLink = /\[[^\]]+\]\(([^\s)]+)\)/

/** Read the page: each line that begins with a dash is a rule, or an operation in the section of these. */
export function readRulesPage(markdown: string): RulesPage {
  const rules: HeldRule[] = []
  const operations: ListedOperation[] = []
  const unheld: string[] = []
  let section = ''
  for (const line of markdown.split('\n')) {
    if (line.startsWith('## ')) section = line.slice(3)
    if (!line.startsWith('- ')) continue
    const text = line.slice(2).replaceAll(testLink, '').trim()
    const tests = [...line.matchAll(testLink)].map(([, file = '', title = '']) => ({ file: fromRoot(file), title }))
    const target = fileLink.exec(text)?.[1]
    if (section === 'Not held by a test') {
      unheld.push(text)
    } else if (section === 'Operations') {
      const name = /^`([^`]+)`/.exec(text)?.[1] ?? ''
      operations.push({ text, tests, name, file: target === undefined ? undefined : fromRoot(target) })
    } else {
      rules.push({ text, tests })
    }
  }
  return { rules, operations, unheld }
}

function fromRoot(link: string): string {
  return link.startsWith('../../') ? link.slice(6) : `${folder}${link}`
}

const titled =
  /\b(?:test|scenario|attack|both|interop|onEach\w+|testCases)\(\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g

/** The titles of the tests in a file as they are written there: what a table fills in stands as `${…}`. */
export function testTitles(source: string): string[] {
  return [...source.matchAll(titled)].map(([, single, double, template]) =>
    (single ?? double ?? template ?? '').replaceAll(/\\(['"`])/g, '$1'),
  )
}

/** Links that lead to no test, and rules that have none. `read` gives a file's text by its path from the root. */
export function unheldRules({ rules, operations, unheld }: RulesPage, read: (file: string) => string | undefined): string[] {
  const titles = new Map<string, readonly string[]>()
  const titlesOf = (file: string): readonly string[] => {
    const known = titles.get(file) ?? testTitles(read(file) ?? '')
    titles.set(file, known)
    return known
  }
  const faults: string[] = []
  for (const { text, tests } of [...rules, ...operations.filter(({ file }) => file !== undefined)]) {
    if (tests.length === 0) faults.push(`no test: ${text}`)
    for (const { file, title } of tests) {
      if (title === '' || !titlesOf(file).some((each) => each.includes(title))) faults.push(`${file} has no test "${title}": ${text}`)
    }
  }
  for (const { text, file } of operations) {
    if (file === undefined && !/: .*\bnot served\b.+/.test(text)) faults.push(`no file, and no reason why it is not served: ${text}`)
  }
  for (const text of unheld) if (!/: .{10}/.test(text)) faults.push(`no reason: ${text}`)
  return faults
}

/** Where the list of operations and those that are served differ. `read` as above. */
export function misplacedOperations(
  { operations }: RulesPage,
  served: readonly { readonly method: string; readonly path: string; readonly summary: string }[],
  read: (file: string) => string | undefined,
): string[] {
  const listed = new Map(operations.map((operation) => [operation.name, operation]))
  const names = new Set(served.map(({ method, path }) => `${method} ${path}`))
  const faults = served.flatMap(({ method, path, summary }) => {
    const name = `${method} ${path}`
    const file = listed.get(name)?.file
    if (file === undefined) return [`${name} is served, and not listed with its file`]
    return (read(file) ?? '').includes(summary) ? [] : [`${name} is not in ${file}`]
  })
  for (const { name, file } of operations) if (file !== undefined && !names.has(name)) faults.push(`${name} is listed, and not served`)
  return faults
}
