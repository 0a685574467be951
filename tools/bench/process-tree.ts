import { readdirSync, readFileSync } from 'node:fs'

/** What a tree of processes has used since it started. Threads are included; so are children that have ended. */
export interface Usage {
  /** User and system time, milliseconds, in steps of 10. */
  readonly cpuMs: number
  /** Bytes that went, or will go, to the disk. Less when a file system without a disk holds the data. */
  readonly writtenBytes: number
  /** Resident memory now. */
  readonly residentBytes: number
}

// USER_HZ, the unit of times in /proc, is 100 on every Linux that Node runs on.
const MS_PER_TICK = 10

/** The usage of the processes `roots` and all below them, from /proc (Linux only). Throws if a root has ended. */
export function usageOf(roots: readonly number[]): Usage {
  let cpuMs = 0
  let writtenBytes = 0
  let residentBytes = 0
  for (const pid of withDescendants(roots)) {
    const fields = statFields(pid)
    if (fields === undefined) {
      if (roots.includes(pid)) throw new Error(`process ${pid} has ended`)
      continue
    }
    // utime, stime, and the same of ended children: fields 14 to 17 of proc_pid_stat(5), the first here being the third.
    for (const index of [11, 12, 13, 14]) cpuMs += Number(fields[index]) * MS_PER_TICK
    writtenBytes += numberAfter(read(`/proc/${pid}/io`), 'write_bytes: ')
    residentBytes += numberAfter(read(`/proc/${pid}/status`), 'VmRSS:') * 1024
  }
  return { cpuMs, writtenBytes, residentBytes }
}

function withDescendants(roots: readonly number[]): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const parent = Number(statFields(Number(name))?.[1])
    const siblings = children.get(parent)
    if (siblings === undefined) children.set(parent, [Number(name)])
    else siblings.push(Number(name))
  }
  const all: number[] = []
  const queue = [...roots]
  for (let pid = queue.shift(); pid !== undefined; pid = queue.shift()) {
    all.push(pid)
    queue.push(...(children.get(pid) ?? []))
  }
  return all
}

/** The fields of /proc/pid/stat from the third on: the second, the command's name, may itself hold spaces and brackets. */
function statFields(pid: number): string[] | undefined {
  const text = read(`/proc/${pid}/stat`)
  return text === undefined ? undefined : text.slice(text.lastIndexOf(')') + 2).split(' ')
}

function numberAfter(text: string | undefined, label: string): number {
  if (text === undefined) return 0
  const start = text.indexOf(label)
  return start === -1 ? 0 : Number.parseInt(text.slice(start + label.length), 10)
}

/** A file of /proc; undefined when its process is gone (ESRCH while reading, too). */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
