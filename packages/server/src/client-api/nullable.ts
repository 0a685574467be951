import { Type, type OptionalSchema, type Schema } from '../http/type.ts'

/** A member that may be missing or null, which means the same: some clients write null for what they have not got. */
export function nullable<T>(schema: Schema<T>): OptionalSchema<T | null> {
  return Type.Optional(Type.Union<readonly [Schema<T>, Schema<null>]>([schema, Type.Null()]))
}
