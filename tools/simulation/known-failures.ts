/**
 * Seeds (without quarrels) whose broken promise is known and not mended yet, and why. They are played and told of, and do not fail the run.
 */
export const knownFailures: ReadonlyMap<number, string> = new Map([
  [14_006, 'a member who is leaving is in the state that a join shows, and not among the changed device lists'],
  [18_552, 'as 14006'],
])
