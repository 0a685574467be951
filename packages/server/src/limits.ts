/** Every limit of the server, each with its unit and its reason. */
export const limits = {
  /** Units of writes that may wait for the database; beyond it the server is overloaded and says so. */
  commitQueueUnitsMax: 20_000,
  /** Units in one group commit: bounds the time that a group holds the database. */
  commitGroupUnitsMax: 1_000,
  /** Shards of rooms: fixed for ever, since each stored room belongs to one. */
  shards: 1_024,
  /** Events of one room kept parsed in memory: covers authorization and what clients look at; about 1.5 kB each. */
  roomEventsInMemoryMax: 1_000,
  /** Newest changes of our members of one room by which what is known of them is kept up; after more it is read anew. */
  localMemberChangesMax: 64,
  /** States of one room kept in memory; they share what they have in common. */
  roomStatesInMemoryMax: 64,
  /** Readings of a room that another process writes in meanwhile, before one is used for once and not kept. */
  roomLoadTriesMax: 5,
  /** The newest live events of a room that are kept in order: a /sync timeline and a little more. */
  roomRecentEvents: 32,
  /** Events fetched with one statement. */
  eventsPerReadMax: 500,
  /** Links of a chain of state differences before the next snapshot. */
  stateLinksMax: 64,
  /** Live events between two checkpoints of a room: what loading it replays. */
  checkpointEvery: 64,
  /** prev_events of an event of ours; more forward extremities than this are taken up step by step. */
  prevEventsMax: 10,
  /** Sessions whose recent transactions are kept in memory; about 1 kB each. */
  sessionsInMemoryMax: 10_000,
  /** State events, and auth events, that a peer's answer about a room may name. */
  stateEventsMax: 200_000,
  /** Missing state events that are fetched one by one; for more, the whole state is asked for. At once: no storm on one peer. */
  singleEventFetchesMax: 50,
  singleEventFetchesAtOnce: 10,
  /** Events asked for with one /get_missing_events (servers in use give no more), and pages of it. */
  missingEventsLimit: 20,
  missingEventsPagesMax: 10,
  /** Pages of /backfill after those, so that what a partition of some minutes held back is had without a hole. */
  gapPagesMax: 25,
  /** UTF-16 units of all events fetched for one gap. */
  gapCharsMax: 32 * 1024 * 1024,
  /** Places of one event's past where the state is fetched: its prev events that nobody gives. */
  gapStatesMax: 5,
  /** Gaps in a row that a server left open in a room before it is not asked for a while, and for how long (ms). */
  gapFailuresMax: 5,
  gapRestMs: 60_000,
  /** (room, server) pairs whose failures are remembered; about 200 bytes each. */
  gapFailuresKept: 10_000,
  /** Received events of one room, and of all rooms of a process, that wait for the key of a server that does not answer; 64 KiB each at most. */
  unverifiedRoomMax: 100,
  unverifiedMax: 1_000,
  /** Milliseconds for which they wait: by then their server comes with later ones, which bring them along. */
  unverifiedKeptMs: 24 * 60 * 60_000,
  /** Milliseconds until the key is asked for again: at first, and at most; it doubles. A sign of life of the server comes before. */
  unverifiedRetryMsMin: 5_000,
  unverifiedRetryMsMax: 60 * 60_000,
  /** Undecided events that are kept of one room; further ones are dropped, and count as never received. */
  undecidedRoomMax: 200,
  /** Milliseconds between the arrival of what undecided events waited for and their judgement: more may come, they themselves too. */
  undecidedJudgeMs: 1_000,
  /** Milliseconds until what undecided events lack is asked for again: at first, and at most; it doubles. */
  undecidedRetryMsMin: 5_000,
  undecidedRetryMsMax: 60 * 60_000,
  /** Rooms with undecided events that are taken up at start. */
  undecidedRoomsMax: 10_000,
  /** Forward extremities of a room at rest, and while events come in: more are taken up in events that say nothing. */
  tipsMax: 10,
  busyTipsMax: 20,
  /** prev_events of such an event: as many as the format allows. */
  mergedTipsMax: 20,
  /** Our users who are tried as its sender. */
  mergeSendersMax: 10,
  /** Entries that one resolution took back to the past which are noted, and events before each that are looked at to find that out. */
  resetEntriesMax: 20,
  resetStepsMax: 20,
  /** Resolutions of a room's states that are remembered by what went into them. */
  resolutionsKept: 16,
  /** (state, key) pairs that are resolved at once; more states than that are resolved in groups. About 100 bytes each. */
  resolutionEntriesMax: 1_000_000,
  resolutionGroup: 20,
  /** Milliseconds of state resolution that a room may take in a minute before it gets only a part of the time. */
  resolutionBudgetMs: 5_000,
  resolutionBudgetPeriodMs: 60_000,
  /** Milliseconds that it then rests after each slice: it gets a fifth of a core. */
  resolutionRestMs: 80,
  /** Redactions of a room that wait for their target in memory; where there are more, each event that comes is looked up. */
  pendingRedactionsInMemoryMax: 1_000,
  /** Missing events of a room that are kept in memory with their children, so that their coming is noticed. */
  missingInMemoryMax: 1_000,
  /** Received events of one room that wait for their worker; beyond it a peer's events are refused for now. */
  inboxRoomMax: 5_000,
  /** Servers that a join is tried through. */
  joinServersMax: 10,
  /** Times that a server is asked for the template of a join while it does not know that our user left, and milliseconds in between. */
  staleTemplatesMax: 4,
  staleTemplateMs: 500,
  /** Rooms whose members may join a restricted one that are looked at; spaces have a few. */
  joinConditionsMax: 50,
  /** Milliseconds before a server is told again that somebody has declined its invite, which it was not there to hear: over about a day. */
  leaveRetriesMs: [60_000, 600_000, 3_600_000, 14_400_000, 57_600_000],
  /** Such leaves that wait at once in a process, about 2 kB each; further ones are told once. Those that are told at the same time. */
  leaveRetriesWaitingMax: 10_000,
  leavesToldAtOnce: 100,
  /** Servers in a room by the word of the one that let us in: more than any room has. */
  listedServersMax: 50_000,
  /** Keys of one room read with one statement. */
  keysPerReadMax: 4_000,
  /** Events of a room's state that are written at a stretch: others are served in between. */
  stateSliceStored: 250,
  /** Memberships of those who are gone that are written at a stretch: as much to write as a slice of the state. */
  absentSliceStored: 1_000,
  /** Events judged again at a stretch when a room's state is complete. */
  provisionalSlice: 100,
  /** Milliseconds between attempts to fetch the rest of a room's state, when no server gave it: doubling from the first to the second. */
  resyncRetryMsMin: 5_000,
  resyncRetryMsMax: 600_000,
  /** Milliseconds for which a state that was taken without what cannot be verified is completed if it can be: what came since is judged again. */
  unverifiedStateMs: 60 * 60_000,
  /** Events that follow a gap of whose state a server is asked where it does not know the one after the gap. */
  gapFollowersMax: 3,
  /** Servers that are asked for the rest of a room's state in one attempt. */
  resyncServersMax: 20,
  /** Milliseconds that a request waits for the rest of a room's state: below the patience of clients and proxies. */
  completionWaitMsMax: 50_000,
  /** Stripped events kept of an invite, and the size of each one's content in UTF-16 units. */
  strippedStateMax: 50,
  strippedContentMax: 16_384,
  /** UTF-16 units of all their contents together: a first /sync holds every invite that somebody has. */
  strippedCharsMax: 65_536,
  /** Create events built until one falls into a shard of this process (one in 32 at worst). */
  createAttemptsMax: 2_000,
  /** Classes of equal push rules that a room counts; users of further ones are judged one by one. */
  pushClassesPerRoomMax: 8,
  /** Changes of a user's push rules that a room keeps: unread counts stay exact over as many, each with an event after it. About 60 bytes each. */
  pushClassChangesKept: 32,
  /** Backfill: events asked for at once, gaps asked for together, servers tried, and states fetched for one answer. */
  backfillEvents: 100,
  backfillGapsMax: 5,
  backfillServersMax: 5,
  backfillStatesMax: 5,
  /** Verdicts of our policy server that are remembered by event, as every server of a room may ask; about 200 bytes each. */
  policyVerdictsMax: 10_000,
  /** Answers to transactions that are kept in memory for a session; older ones are looked up. */
  transactionsPerSessionMax: 1_000,
} as const
