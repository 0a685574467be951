import type { TSchema } from 'typebox'
import type { Validator } from 'typebox/compile'
import { assert } from '../assert.ts'

/** What is wrong with a value: where (a JSON pointer without its first slash, dots between) and how. */
export interface SchemaFault {
  readonly field: string
  readonly missing: boolean
  readonly why: string
}

let compile: typeof import('typebox/compile').Compile | undefined
let loading: Promise<void> | undefined

/** Load the schema compiler, which costs tens of milliseconds: with the first request that needs it, or before. */
export function loadSchemaCompiler(): Promise<void> {
  loading ??= import('typebox/compile').then((module) => {
    compile = module.Compile
  })
  return loading
}

/** May `SchemaCheck.fault` be called now? */
export function schemaCompilerLoaded(): boolean {
  return compile !== undefined
}

/** A schema that is compiled when it is first used; `loadSchemaCompiler` must have finished by then. */
export class SchemaCheck {
  readonly schema: TSchema
  #validator: Validator | undefined

  constructor(schema: TSchema) {
    this.schema = schema
  }

  /** The first thing that is wrong with `value`, or undefined. */
  fault(value: unknown): SchemaFault | undefined {
    if (this.#validator === undefined) {
      assert(compile !== undefined, 'the schema compiler is loaded before a schema is checked')
      this.#validator = compile(this.schema)
    }
    if (this.#validator.Check(value)) return undefined
    const error = this.#validator.Errors(value)[0]
    assert(error !== undefined, 'a value that fails its schema has an error')
    const path = error.instancePath.slice(1).replaceAll('/', '.')
    if (error.keyword !== 'required') return { field: path, missing: false, why: error.message }
    const name = error.params.requiredProperties[0] ?? ''
    return { field: path === '' ? name : `${path}.${name}`, missing: true, why: 'is missing' }
  }
}
