/** What is wrong with a JSON text. */
export type JsonRule =
  | 'json.size'
  | 'json.utf8'
  | 'json.bom'
  | 'json.syntax'
  | 'json.trailing'
  | 'json.depth'
  | 'json.duplicate_key'
  | 'json.surrogate'
  | 'json.control_character'
  | 'json.escape'
  | 'json.number'

/** Why a JSON text was refused. */
export interface JsonFault {
  readonly rule: JsonRule
  /** One sentence for a person. */
  readonly why: string
  /** Where in the text, in UTF-16 units; 0 when the text as a whole is refused. */
  readonly at: number
}
