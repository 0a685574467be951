import { assert } from '../assert.ts'

/** Label names and values in the order of the metric's declaration; values are few and known (routes, classes), never ids. */
export type Labels = Readonly<Record<string, string>>

/** A number that only grows. */
export class Counter {
  #value = 0
  /** The count so far. */
  get value(): number {
    return this.#value
  }
  add(amount = 1): void {
    this.#value += amount
  }
}

/** Counts observations by size: how many were at most each bound. */
export class Histogram {
  readonly bounds: readonly number[]
  readonly #counts: Float64Array
  #sum = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.#counts = new Float64Array(bounds.length + 1)
  }

  observe(value: number): void {
    let i = 0
    while (i < this.bounds.length && value > (this.bounds[i] ?? 0)) i++
    this.#counts[i] = (this.#counts[i] ?? 0) + 1
    this.#sum += value
  }

  /** The lines of the text format. */
  lines(name: string, labels: Labels): string[] {
    const lines: string[] = []
    let total = 0
    for (const [i, count] of this.#counts.entries()) {
      total += count
      const bound = this.bounds[i]
      lines.push(`${name}_bucket${labelText({ ...labels, le: bound === undefined ? '+Inf' : String(bound) })} ${total}`)
    }
    lines.push(`${name}_sum${labelText(labels)} ${this.#sum}`, `${name}_count${labelText(labels)} ${total}`)
    return lines
  }
}

interface Family {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly series: { readonly labels: Labels; lines(name: string): string[] }[]
}

/**
 * The numbers that the operator's monitoring reads, in Prometheus' text format. A metric is made once, with its labels
 * bound, and then costs an addition; text is made only when somebody reads it.
 */
export class Metrics {
  readonly #families = new Map<string, Family>()

  counter(name: string, help: string, labels: Labels = {}): Counter {
    const counter = new Counter()
    this.#add(name, 'counter', help, labels, () => [`${name}${labelText(labels)} ${counter.value}`])
    return counter
  }

  /** A number that is asked for when somebody reads. */
  gauge(name: string, help: string, read: () => number, labels: Labels = {}): void {
    this.#add(name, 'gauge', help, labels, () => [`${name}${labelText(labels)} ${read()}`])
  }

  /** `bounds` ascend; one more bucket takes what is larger. */
  histogram(name: string, help: string, bounds: readonly number[], labels: Labels = {}): Histogram {
    const histogram = new Histogram(bounds)
    this.#add(name, 'histogram', help, labels, () => histogram.lines(name, labels))
    return histogram
  }

  /** Everything, as text/plain; version=0.0.4. */
  text(): string {
    const lines: string[] = []
    for (const [name, family] of this.#families) {
      lines.push(`# HELP ${name} ${family.help}`, `# TYPE ${name} ${family.type}`)
      for (const series of family.series) lines.push(...series.lines(name))
    }
    return `${lines.join('\n')}\n`
  }

  #add(name: string, type: Family['type'], help: string, labels: Labels, lines: () => string[]): void {
    const family = this.#families.get(name) ?? { type, help, series: [] }
    assert(family.type === type, `${name} is one kind of metric`)
    this.#families.set(name, family)
    family.series.push({ labels, lines })
  }
}

function labelText(labels: Labels): string {
  const entries = Object.entries(labels)
  if (entries.length === 0) return ''
  return `{${entries.map(([name, value]) => `${name}="${value.replaceAll(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`))}"`).join(',')}}`
}
