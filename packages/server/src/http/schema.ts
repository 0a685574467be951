import type { Schema, SchemaFault } from './type.ts'

/** A schema ready to check values. */
export class SchemaCheck {
  readonly schema: Schema

  constructor(schema: Schema) {
    this.schema = schema
  }

  /** The first thing that is wrong with `value`, or undefined. */
  fault(value: unknown): SchemaFault | undefined {
    return this.schema.check(value, '')
  }
}
