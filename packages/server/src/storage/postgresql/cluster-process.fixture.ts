import { argv, stdin, stdout } from 'node:process'
import { createInterface } from 'node:readline'
import { openProcess } from '../databases.fixture.ts'
import { put } from './cluster.fixture.ts'

/** A process of a test: says its slot, then for each shard that it reads writes there and says how that went. */
const [, , url = '', name = '', home = ''] = argv
const side = await openProcess(url, name, home)
stdout.write(`${side.slot}\n`)
for await (const line of createInterface({ input: stdin })) {
  const outcome = await put(side, `@${name}`, '1', Number(line)).then(
    () => 'committed',
    (error: unknown) => (error instanceof Error ? error.name : String(error)),
  )
  stdout.write(`${outcome}\n`)
}
