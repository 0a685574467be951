/** Events asked for with one page of /messages. */
export const PAGE_EVENTS = 500

/** Pages of one room's history: more than any fault test writes. */
export const PAGES_MAX = 200

/** Events of one room in an answer of /sync; what is beyond comes as a gap, and gaps are what the checker wants to see, too. */
export const SYNC_TIMELINE_EVENTS = 40

/** Answers of /sync until nothing new comes. */
export const CATCH_UP_STEPS_MAX = 100

/** Milliseconds that one operation of the load may take; what takes longer has an unknown outcome. */
export const OPERATION_MS_MAX = 60_000

/** UTF-16 units of the text of a message: from one page of the database to several. */
export const TEXT_UNITS_MAX = 6_000

/** Acknowledged operations with a transaction id that are repeated after a recovery, for each load client. */
export const REPETITIONS = 3

/** Findings that an error message shows. */
export const FINDINGS_SHOWN_MAX = 20
