// The writer thread's entry: plain JavaScript, so that the compiled form of everything after it comes from the cache and
// the thread needs no compiler of its own (20 MB).
import module from 'node:module'
import { workerData } from 'node:worker_threads'

if (workerData.compileCache !== undefined) module.enableCompileCache(workerData.compileCache)
await import('./writer-thread.ts')
