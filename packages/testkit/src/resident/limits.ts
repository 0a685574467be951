/** Milliseconds for which a resident's key is valid: longer than any test. */
export const KEY_VALID_MS = 24 * 3_600_000
