import module from 'node:module'

/** Where compiled code is kept, for threads that start later; absent when it is kept nowhere. */
export function compileCacheFolder(): string | undefined {
  return module.getCompileCacheDir()
}
