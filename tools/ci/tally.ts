import { relative, resolve } from 'node:path'
import type { TestEvent } from 'node:test/reporters'

/** Failures that a summary shows; the others are only counted. */
const FAILURES_MAX = 25

/** Lines of one failure's error that a summary shows. */
const ERROR_LINES_MAX = 14

/** Lines of a file's standard error that are kept for a file that broke off. */
const STDERR_LINES_MAX = 20

/** Characters of such a line. */
const LINE_CHARACTERS_MAX = 240

/** What a run came to. */
export interface Sum {
  readonly passed: number
  readonly failed: number
  /** Skipped and to-do. */
  readonly skipped: number
  /** Lines that tell the failures, most important first in each. */
  readonly failures: readonly string[]
}

interface FileReport {
  /** Tests of which a result came; suites are none. */
  results: number
  /** Tests that the file itself counted at its end. */
  counted: number | undefined
  failed: boolean
  /** The last lines of its standard error. */
  readonly stderr: string[]
}

type Failure = Extract<TestEvent, { type: 'test:fail' }>['data']

/**
 * Counts what a run of test files reports. A file that does not say at its end how many tests it had, or had more than were
 * reported, is a failure.
 */
export class Tally {
  readonly #files: Map<string, FileReport>
  readonly #failures: Failure[] = []
  #passed = 0
  #failed = 0
  #skipped = 0
  readonly #shared: boolean
  #whole = false

  /** `shared` says that all files run in one process: then only the whole run tells that it has ended. */
  constructor(files: readonly string[], { shared }: { readonly shared: boolean }) {
    this.#files = new Map(files.map((file) => [resolve(file), newReport()]))
    this.#shared = shared
  }

  /** Take the next event of node's runner. Gives lines that tell a failure. */
  add(event: TestEvent): readonly string[] {
    if (event.type === 'test:fail') return this.#fail(event.data)
    if (event.type === 'test:pass') this.#result(event.data)
    else if (event.type === 'test:stderr') this.#said(event.data)
    else if (event.type === 'test:summary') {
      // One comes for each file with a process of its own; the run's own names no file.
      const { file, counts } = event.data
      if (file === undefined) this.#whole = true
      else this.#report(file).counted = counts.tests
    }
    return []
  }

  /** The numbers when the run has ended. */
  sum(): Sum {
    const cut = this.#whole ? this.#cutShort() : ['✖ the run broke off before all tests were reported']
    const told = this.#failures.slice(0, FAILURES_MAX).flatMap((failure) => this.#tell(failure))
    const more = this.#failures.length - FAILURES_MAX
    return {
      passed: this.#passed,
      failed: this.#failed + cut.length,
      skipped: this.#skipped,
      failures: [...told, ...(more > 0 ? [`… and ${more} more`] : []), ...cut.slice(0, FAILURES_MAX)],
    }
  }

  #cutShort(): string[] {
    if (this.#shared) return []
    return [...this.#files].flatMap(([file, { results, counted, failed }]) => {
      if (failed || results === counted) return []
      const of = counted === undefined ? 'it did not report its end' : `it had ${counted}`
      return [`✖ ${shown(file)}: ${results} tests reported, but ${of}`]
    })
  }

  #result(data: Extract<TestEvent, { type: 'test:pass' }>['data']): void {
    if (data.details.type === 'suite') return
    this.#reportOf(data).results += 1
    if (data.skip !== undefined || data.todo !== undefined) this.#skipped += 1
    else this.#passed += 1
  }

  #fail(data: Failure): readonly string[] {
    const report = this.#reportOf(data)
    report.results += 1
    if (data.todo !== undefined) {
      this.#skipped += 1
      return []
    }
    report.failed = true
    if (data.details.type !== 'suite') this.#failed += 1
    if (isOfSubtests(data)) return []
    this.#failures.push(data)
    return this.#tell(data)
  }

  #said({ file, message }: Extract<TestEvent, { type: 'test:stderr' }>['data']): void {
    const { stderr } = this.#report(file)
    stderr.push(message.trimEnd())
    if (stderr.length > STDERR_LINES_MAX) stderr.shift()
  }

  #tell({ name, file, entryFile, line, details }: Failure): string[] {
    const where = entryFile ?? file
    const ofFile = where !== undefined && resolve(name) === resolve(where)
    const place = where === file && line !== undefined ? `:${line}` : ''
    // A file fails as such when its process ends before its tests have: only what it wrote tells why.
    const title = ofFile ? shown(name) : `${where === undefined ? '' : `${shown(where)}${place} › `}${name}`
    const said = ofFile ? this.#report(name).stderr : tellError(details.error.cause ?? details.error.message)
    return [`✖ ${title}`, ...said.map((each) => `    ${each.slice(0, LINE_CHARACTERS_MAX)}`)]
  }

  #reportOf({ entryFile, file }: Failure | Extract<TestEvent, { type: 'test:pass' }>['data']): FileReport {
    return this.#report(entryFile ?? file ?? '')
  }

  #report(file: string): FileReport {
    const path = resolve(file)
    const known = this.#files.get(path)
    if (known !== undefined) return known
    const made = newReport()
    this.#files.set(path, made)
    return made
  }
}

function newReport(): FileReport {
  return { results: 0, counted: undefined, failed: false, stderr: [] }
}

function shown(file: string): string {
  return relative(process.cwd(), file)
}

/** Has it failed only because a test within it has? */
function isOfSubtests({ details }: Failure): boolean {
  return 'failureType' in details.error && details.error.failureType === 'subtestsFailed'
}

function tellError(error: unknown): string[] {
  const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  const lines = said.split('\n').filter((each) => each.trim() !== '')
  const stack = error instanceof Error ? (error.stack ?? '').split('\n') : []
  const place = stack.find((each) => /^\s+at .*\.ts:\d/.test(each))
  return [...lines.slice(0, ERROR_LINES_MAX), ...(place === undefined ? [] : [place.trim().replace(`file://${process.cwd()}/`, '')])]
}
