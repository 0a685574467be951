/** A kind of proof that somebody can give (Client-Server API, "Authentication types"). */
export type Stage = 'm.login.password' | 'm.login.dummy' | 'm.login.registration_token'

/** Stages that must be completed in order; any of several flows will do. */
export type Flow = readonly Stage[]

/** The flow of operations that want the user's password again. */
export const passwordFlow: readonly Flow[] = [['m.login.password']]

/** What completed stages proved. */
export interface StageProof {
  /** Whose password it was. */
  readonly userId?: string
  readonly registrationToken?: string
}

/** The stage that somebody may complete next, if `type` is one: of a flow that begins with what is completed. */
export function nextStage(flows: readonly Flow[], completed: readonly string[], type: unknown): Stage | undefined {
  for (const flow of flows) {
    const next = flow[completed.length]
    if (next === type && completed.every((stage, index) => stage === flow[index])) return next
  }
  return undefined
}

/** Is a whole flow completed? */
export function isComplete(flows: readonly Flow[], completed: readonly string[]): boolean {
  return flows.some((flow) => flow.length === completed.length && flow.every((stage, index) => stage === completed[index]))
}
