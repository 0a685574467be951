/** Every limit of the server, each with its unit and its reason. */
export const limits = {
  /** Units of writes that may wait for the database; beyond it the server is overloaded and says so. */
  commitQueueUnitsMax: 20_000,
  /** Units in one group commit: bounds the time that a group holds the database. */
  commitGroupUnitsMax: 1_000,
} as const
