/** Requests a second: as good as no limit. */
export const UNLIMITED_PER_SECOND = 1_000_000

/** Milliseconds before Synapse tries an unreachable server again; its own default is ten minutes. */
export const FEDERATION_RETRY_MS_MIN = 100

/** Milliseconds to which that may grow. */
export const FEDERATION_RETRY_MS_MAX = 1_000
