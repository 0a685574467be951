import type { TSchema } from 'typebox'
import type { Validator } from 'typebox/compile'
import { assert } from '../assert.ts'
import type { Schema, SchemaFault } from './type.ts'

let compile: typeof import('typebox/compile').Compile | undefined
let loading: Promise<void> | undefined

/** Load the schema compiler, which costs tens of milliseconds: with the first request that needs it, or before. */
export function loadSchemaCompiler(): Promise<void> {
  loading ??= import('typebox/compile').then((module) => {
    compile = module.Compile
  })
  return loading
}

/** A declared schema: ours, or one of TypeBox, which loads slowly and takes tens of megabytes. */
export type DeclaredSchema = Schema | TSchema

/** Is it one of ours? */
export function isOwnSchema(schema: DeclaredSchema): schema is Schema {
  return 'check' in schema && typeof schema.check === 'function'
}

/** A schema ready to check values; one of TypeBox is compiled when it is first used, after `loadSchemaCompiler`. */
export class SchemaCheck {
  readonly schema: DeclaredSchema
  #validator: Validator | undefined

  constructor(schema: DeclaredSchema) {
    this.schema = schema
  }

  /** Must `loadSchemaCompiler` have finished before `fault` is called? */
  get needsCompiler(): boolean {
    return compile === undefined && !isOwnSchema(this.schema)
  }

  /** The first thing that is wrong with `value`, or undefined. */
  fault(value: unknown): SchemaFault | undefined {
    return isOwnSchema(this.schema) ? this.schema.check(value, '') : this.#compiledFault(this.schema, value)
  }

  #compiledFault(schema: TSchema, value: unknown): SchemaFault | undefined {
    if (this.#validator === undefined) {
      assert(compile !== undefined, 'the schema compiler is loaded before a schema is checked')
      this.#validator = compile(schema)
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
