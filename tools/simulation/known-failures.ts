/**
 * Seeds (without quarrels) whose broken promise is known and not mended yet, and why. They are played and told of, and do not fail the run.
 */
export const knownFailures: ReadonlyMap<number, string> = new Map([
  [69, 'a server does not get an event that it is to have'],
  [73, 'an event of somebody who has left is shown on a server that knew of it'],
  [16, 'a user whose joins of one room run at once through different servers is left with the state of one of them'],
])
