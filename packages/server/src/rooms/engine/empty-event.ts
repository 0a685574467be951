/**
 * The type of events that only tie forward extremities together: nobody said anything, and clients are not shown them. Other servers
 * know the name as well.
 */
export const emptyEventType = 'org.matrix.dummy_event'
