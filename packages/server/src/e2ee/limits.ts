const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** Bytes of names in keys and messages: algorithms, key ids, device ids, message ids, types. They become columns. */
export const nameBytesMax = 255
/** Bytes of a device's keys as JSON, and of one one-time, fallback or cross-signing key: real ones have 200 to 1,000. */
export const deviceKeysBytesMax = 16 * 1024
export const keyBytesMax = 8 * 1024
/** One-time keys of one device: clients keep 50 to 100 there. */
export const oneTimeKeysMax = 1_000
/** Fallback keys of one device: one for each algorithm, of which there are two. */
export const fallbackKeysMax = 10
/** Ids of one-time keys that were given away and are remembered for a device. */
export const issuedKeysMax = 1_000
/** Devices whose counts of one-time keys are in memory; some 300 bytes each. */
export const countedDevicesMax = 20_000
/** Times that a claim looks again when another process was given the key that it saw. */
export const claimTriesMax = 4

/** Bytes of the private part of a dehydrated device: an account with 100 one-time keys has some 15,000. */
export const dehydratedBytesMax = 64 * 1024
/** Times that a dehydrated device takes the place of another one that came meanwhile. */
export const dehydrationTriesMax = 4

/** Users of one query for keys, and devices named for one of them: a client asks for some hundred. */
export const queriedUsersMax = 10_000
export const queriedDevicesMax = 1_000
/** Keys of one claim. */
export const claimedKeysMax = 10_000
/** Milliseconds that other servers get for a query or claim: without a word of the client, and at most. */
export const remoteMsDefault = 10 * second
export const remoteMsMax = 30 * second
/** Other servers that one request asks at the same time. */
export const serversAtOnceMax = 32

/** Messages that wait for one device; what is sent to it beyond is refused. */
export const toDeviceMessagesMax = 10_000
/** UTF-16 units of what waits for one device, and for all of a user: 10,000 keys of rooms have some 20 million. */
export const toDeviceCharsWaitingMax = 64 * 1024 * 1024
export const toDeviceCharsOfUserMax = 256 * 1024 * 1024
/** Bytes of the content of one message to a device: events of rooms have as many. */
export const toDeviceBytesMax = 64 * 1024
/** Devices that one request names. */
export const toDeviceRecipientsMax = 10_000
/** Messages in one answer of /sync, and UTF-16 units of them together; the rest comes with the next. */
export const toDeviceAtOnceMax = 100
export const toDeviceCharsAtOnceMax = 4 * 1024 * 1024
/** UTF-16 units of the messages that travel in one EDU; a longer one travels alone. */
export const directToDeviceCharsMax = 128 * 1024
/** Milliseconds after which a message whose transaction did not end may come again. */
export const arrivingMs = minute
/** Milliseconds that ids of messages of other servers are remembered: they repeat a transaction for hours at most. */
export const receivedMs = 7 * day
/** Milliseconds between two looks for ids that are older. */
export const forgetReceivedMs = hour
/** Characters of a message id that we choose. Client-Server API, "Send-to-Device messaging": at most 32. */
export const messageIdChars = 24
/** Users whose queues are counted in memory; some 150 bytes a device. */
export const countedQueuesMax = 50_000
/** Users that rows of one stretch of another process's commits are told apart for. */
export const foreignRowsMax = 2_000

/** Members of one room that are named when the reader joins or leaves it; larger rooms are not encrypted. */
export const namedMembersMax = 20_000
/** Rows that are read at once to say whose devices changed. */
export const newsPageSize = 1_000
/** Memberships whose past is looked up for one answer; of more, those that only changed a name are named as well. */
export const joinsLookedUpMax = 50
/** Rooms in memory with the last change of their members' devices. */
export const roomsInMemoryMax = 50_000

/** Devices of another server's user that are kept. */
export const remoteDevicesMax = 1_000
/** Updates of one user's devices that wait to be worked in; with more of them the list is fetched as a whole. */
export const updatesPerUserMax = 20
/** Device lists that are fetched at the same time, and users who wait for it in memory; storage remembers the others. */
export const resyncsAtOnceMax = 8
export const resyncsWaitingMax = 20_000
/** Lists that one server is asked for at the same time: a slow one holds up nobody else's. */
export const resyncsPerServerMax = 2
/** Milliseconds until a list that could not be fetched is tried again: at first, and at most. */
export const resyncMsMin = 30 * second
export const resyncMsMax = hour
/** That pause as a part of the time for which the list could not be had: after ten minutes it still is the shortest. */
export const resyncPausePart = 1 / 20
/** Milliseconds between two looks for lists that are to be fetched: an outage shall not be longer for them than for events. */
export const resyncSweepMs = 10 * second
/** Milliseconds between two looks for what a lost process, or a full queue, left behind. */
export const sweepMs = minute
/** Users who are read at once for that. */
export const sweepPageSize = 500

/** Rooms that users entered and whose servers are not told of their devices yet. */
export const introductionsWaitingMax = 10_000
/** Servers of a room that are looked at at once. */
export const introducedPageSize = 100

/** Signatures that one user may upload, for all keys together, and in one request. */
export const signaturesPerUserMax = 20_000
export const signaturesPerRequestMax = 1_000

/** Versions of key backups of one user: each is a decision of its owner. */
export const backupVersionsMax = 1_000
/** Sessions in one version: all of them are given in one answer. */
export const backupKeysMax = 250_000
/** Bytes of the sessions of one user, of all versions: a heavy user's 100,000 have 70 MB. All of a version are given in one answer. */
export const backupBytesMax = 128 * 1024 * 1024
/** Answers with whole backups that are made at the same time, and requests that wait for their turn. */
export const backupReadsMax = 2
export const backupReadsWaitingMax = 50
/** Bytes of the data that describe a version, and of one session as JSON. */
export const backupAuthDataBytesMax = 64 * 1024
export const backupSessionBytesMax = 16 * 1024
/** Sessions of one request. */
export const backupSessionsPerRequestMax = 10_000
/** Bytes of a request with sessions. */
export const backupBodyBytesMax = 16 * 1024 * 1024
/** Times that a write is tried again when another device of the user wrote meanwhile. */
export const backupTriesMax = 10

/** Lists of others that a query fetches whole, one by one, to keep them; more are asked for together and followed afterwards. */
export const listsFetchedMax = 10
/** Milliseconds that a query waits for them, before it asks for the keys alone. */
export const listsFetchedMs = 5_000
