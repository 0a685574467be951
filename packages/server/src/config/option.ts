/** What a text or a value of the YAML file becomes, or why not. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string }

/** A kind of value: how it is written, read and shown. */
export interface ValueType<T> {
  /** For the manual: `on | off`, `a whole number from 1 to 10`. */
  readonly text: string
  /** From a value of the YAML file; variables and flags give strings. */
  parse(raw: unknown): Parsed<T>
  /** As it would be written; `parse` reads it again. */
  show(value: T): string
  /** May a flag stand alone and mean `on`? */
  readonly isSwitch?: boolean
}

/** What defaults of other options may lean on. */
export interface Basics {
  readonly dataDir: string
}

/** One thing that the operator can set. */
export interface Option<T> {
  /** Its name in the YAML file, dots between levels; the variable's and the flag's names follow from it. */
  readonly key: string
  readonly type: ValueType<T>
  /** As the operator would write it; empty for "nothing", where the type has that. */
  readonly default: string | ((basics: Basics) => string)
  /** For the manual, where the default is worked out. */
  readonly defaultText?: string
  /** Sentences for the manual. */
  readonly about: string
  /** Never shown by `causeway config print`. */
  readonly secret?: boolean
}

/** Options that belong together: a heading of the manual and a member of `Config`. */
export interface Section<Options extends Readonly<Record<string, Option<unknown>>>> {
  readonly title: string
  readonly about: string
  readonly options: Options
}

/** The values of a section, by the names that the code uses. */
export type ValuesOf<S> =
  S extends Section<infer Options> ? { readonly [Name in keyof Options]: Options[Name] extends Option<infer T> ? T : never } : never

/** Declare an option; the type of its value comes from `type`. */
export function option<T>(declared: Option<T>): Option<T> {
  return declared
}

/** `rates.login` is set by `CAUSEWAY_RATES_LOGIN`. */
export function variableOf(key: string): string {
  return `CAUSEWAY_${key.replaceAll('.', '_').toUpperCase()}`
}

/** `listeners.client` is set by `--listeners-client`. */
export function flagOf(key: string): string {
  return `--${key.replaceAll(/[._]/g, '-')}`
}
