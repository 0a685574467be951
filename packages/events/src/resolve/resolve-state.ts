import type { Resolution, ResolutionInput } from './resolution.ts'
import { drain, type Steps } from './steps.ts'
import { resolveV1 } from './resolve-v1.ts'
import { resolveV2 } from './resolve-v2.ts'

/**
 * Resolves a conflict by the room version's algorithm: v1, v2, or v2.1, which begins with an empty state and replays the conflicted state
 * subgraph. The order of the sets and of their entries does not matter. Rejected events never enter the state and authorize nothing.
 *
 * When something is missing, load all of it and call again. With `authEvents` from an index of the graph that takes few rounds.
 * https://spec.matrix.org/v1.19/rooms/v12/#state-resolution
 */
export function resolveState(input: ResolutionInput): Resolution {
  return drain(resolvingState(input))
}

/** {@link resolveState}, step by step: a resolution of many events takes seconds, which its driver need not take at a stretch. */
export function* resolvingState(input: ResolutionInput): Steps<Resolution> {
  if (input.sets.every((set) => set.size === 0)) return { resolved: new Map() }
  return yield* input.rules.stateResolution === 'v1' ? resolveV1(input) : resolveV2(input)
}
