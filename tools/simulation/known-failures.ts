/**
 * Seeds (without quarrels) whose broken promise is known and not mended yet, and why. They are played and told of, and do not fail the run.
 */
export const knownFailures: ReadonlyMap<number, string> = new Map([
  [692, 'a leave that soft-failed on one server is in a timeline there; found last, and not looked into yet'],
  [5_455, 'two events stay undecided and a join is not brought, on one server; found last, and not looked into yet'],
  [14_006, 'a member who is leaving is in the state that a join shows, and not among the changed device lists'],
  [18_552, 'as 14006'],
])
