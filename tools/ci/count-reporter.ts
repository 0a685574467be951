import type { TestEvent } from 'node:test/reporters'

/** Writes one line at the end of a run: how many tests passed, failed (cancelled ones too), and were skipped. */
export default async function* countReporter(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const { type, data } of events) {
    // One comes for each file as well; the run's own names no file.
    if (type !== 'test:summary' || data.file !== undefined) continue
    const { tests, passed, skipped, todo } = data.counts
    yield `${passed} ${tests - passed - skipped - todo} ${skipped + todo}\n`
  }
}
