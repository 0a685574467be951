/** Milliseconds that a test certificate is valid: longer than any test run. */
export const CERTIFICATE_MS_MAX = 7 * 24 * 3_600_000

/** Milliseconds by which another machine's clock may be behind ours. */
export const CLOCK_SKEW_MS_MAX = 3_600_000
