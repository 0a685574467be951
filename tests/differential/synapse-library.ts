import assert from 'node:assert/strict'
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'

/** A Python that has Synapse, if the run was given one. */
export const synapsePython = process.env['SYNAPSE_PYTHON']

/** Synapse as a library, in a process of its own: it reads a question a line, and answers each with a line. */
export class SynapseLibrary {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #waiting: ((line: string) => void)[] = []
  readonly #ended: Promise<number | null>

  /** `script` is one of the Python files of this folder. */
  constructor(script: string) {
    assert.ok(synapsePython !== undefined, 'SYNAPSE_PYTHON names a Python that has Synapse')
    this.#child = spawn(synapsePython, [new URL(script, import.meta.url).pathname], { stdio: ['pipe', 'pipe', 'inherit'] })
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#waiting.shift()?.(line))
    this.#ended = new Promise((resolve, reject) => this.#child.on('close', resolve).on('error', reject))
  }

  /** The line that answers this question. Fails when the process ends without one. */
  ask(question: unknown): Promise<string> {
    const answer = new Promise<string>((resolve) => this.#waiting.push(resolve))
    this.#child.stdin.write(`${JSON.stringify(question)}\n`)
    const broken = this.#ended.then((code) => assert.fail(`Synapse ended with ${code}`))
    return Promise.race([answer, broken])
  }

  /** Ends the process, which must have answered everything. */
  async end(): Promise<void> {
    this.#child.stdin.end()
    assert.equal(await this.#ended, 0)
    assert.equal(this.#waiting.length, 0)
  }
}
