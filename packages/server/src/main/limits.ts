/** Milliseconds from the signal to stop until the process must be gone. */
export const stopMsMax = 10_000
