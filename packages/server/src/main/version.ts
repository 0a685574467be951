import { fileURLToPath } from 'node:url'
import { assert } from '../assert.ts'
import { readTextFile } from '../platform/files.ts'

/** This server's version, from its package. */
export async function readVersion(): Promise<string> {
  const text = await readTextFile(fileURLToPath(new URL('../../package.json', import.meta.url)))
  assert(text !== undefined, 'the package has its manifest')
  const manifest: unknown = JSON.parse(text)
  assert(typeof manifest === 'object' && manifest !== null && 'version' in manifest, 'the manifest names a version')
  return String(manifest.version)
}
