/** Characters (code points) that a password may have: hashing stays bounded. */
export const passwordCharsMax = 512
/** Password hashes computed at once, 19 MB and 40 ms each: two of the runtime's four threads stay free for files. */
export const hashesAtOnceMax = 2
/** Password hashes that may wait: some seconds' worth. Beyond it the caller is told to come back. */
export const hashesWaitingMax = 200
/** Milliseconds after which a caller for whom there was no place may come back. */
export const hashesRetryMs = 5_000

/** Failed logins of one account at once, and milliseconds until one more is allowed. */
export const accountFailuresMax = 10
export const accountFailureMs = 20_000
/** Failed logins of one address at once, and milliseconds until one more is allowed: many people may share an address. */
export const addressFailuresMax = 50
export const addressFailureMs = 2_000
/** Accounts and addresses whose failures are remembered, some 100 bytes each. */
export const failingMax = 20_000

/** Random characters of an access or refresh token: 190 bits. */
export const tokenChars = 32
/** Characters of a token that are looked at: ours have 36, those of bridges are the operator's choice. */
export const shownTokenCharsMax = 255
/** Milliseconds that an access token lives when it can be refreshed. */
export const accessTokenMs = 60 * 60_000
/** Milliseconds that an expired access token is remembered, so that its client is told to refresh instead of to forget its keys. */
export const expiredTokenMs = 24 * 60 * 60_000
/** Milliseconds that a superseded refresh token is remembered, so that its use is recognised as theft. */
export const oldRefreshTokenMs = 7 * 24 * 60 * 60_000
/** Pairs of tokens that one refresh token may be exchanged for before one of them is used: answers get lost, but not always. */
export const refreshRepeatsMax = 8
/** Callers kept in memory, about 500 bytes each. */
export const callersInMemoryMax = 20_000
/** Milliseconds after which another process's writes are looked for, where there may be one. */
export const revalidateMs = 5_000
/** Milliseconds between two writes of when and where devices were last seen. */
export const lastSeenMs = 60_000
/** Devices whose sighting waits to be written; more are written at the next request of each. */
export const sightingsMax = 50_000

/** Devices of one user: people have ten; scripts that log in anew each time must log out. */
export const devicesPerUserMax = 1_000
/** Bytes of a device id: they become keys of maps and columns. */
export const deviceIdBytesMax = 255
/** Characters of a device's name. */
export const deviceNameCharsMax = 255
/** Random characters of a device id that we choose. */
export const deviceIdChars = 10
/** Random characters of a username that we choose. */
export const usernameChars = 12

/** Milliseconds that an authentication in several steps may take (Client-Server API: none named). */
export const uiaMs = 15 * 60_000
/** Milliseconds that an OpenID token is good for: whoever asked for it hands it on at once. */
export const openIdTokenMs = 60 * 60_000
/** Milliseconds after which it is looked again whom other processes have erased, and users read at once. */
export const erasedUsersMs = 60_000
export const erasedUsersPage = 1_000
/** Random characters of the id of such an authentication. */
export const uiaIdChars = 24
/** Characters of a registration token (Client-Server API, "Token-authenticated registration"). */
export const registrationTokenCharsMax = 64
/** Registration tokens in one list. */
export const registrationTokensMax = 1_000

/** Bytes of a whole profile as JSON (Client-Server API, "Profiles"). */
export const profileBytesMax = 65_536
/** Bytes of the name of a profile field (Client-Server API, "Profiles"). */
export const profileKeyBytesMax = 255
/** Bytes of a display name, and of the URI of a picture: they are repeated in a member event of every room. */
export const displayNameBytesMax = 1_024
export const avatarUrlBytesMax = 1_024

/** Bytes of a type of account data (Client-Server API, "Size limits"). */
export const accountDataTypeBytesMax = 255
/** Bytes of one piece of account data as JSON. */
export const accountDataBytesMax = 128 * 1024
/** Pieces of account data of one user, all rooms together, and their bytes. */
export const accountDataEntriesMax = 20_000
export const accountDataTotalBytesMax = 64 * 1024 * 1024
/** A piece of at most this many bytes that takes the place of another is not weighed against the user's total. */
export const accountDataSmallBytes = 4 * 1024
/** Pieces that another process changed which are told apart at once; beyond it its users are found stale a little later. */
export const foreignAccountDataMax = 2_000
/** Times that a change of a piece is tried again when another process changed it meanwhile. */
export const accountDataTriesMax = 10
/** Bytes of the name of a tag (Client-Server API, "Room Tagging"). */
export const tagBytesMax = 255
/** Tags of one room. */
export const tagsPerRoomMax = 100

/** Filters of one user; the oldest goes when there are more. */
export const filtersPerUserMax = 500
/** Bytes of a filter as JSON. */
export const filterBytesMax = 64 * 1024
/** Entries of a list in a filter. */
export const filterListMax = 1_000

/** Push rules of one user. */
export const pushRulesMax = 1_000
/** Bytes of the id of a push rule: a room's or user's id and a little more. */
export const pushRuleIdBytesMax = 300
/** Bytes of a pattern in a push rule: each event is compared with it. */
export const pushPatternBytesMax = 1_024
/** Conditions of one push rule, and actions. */
export const pushConditionsMax = 20
export const pushActionsMax = 20
/** Bytes of push rules kept in memory, as JSON: four times that when they are ready to be asked. Most users have the default ones. */
export const pushRulesInMemoryBytesMax = 16 * 1024 * 1024
/** What the memory of one user's rules weighs beside the rules, in bytes. */
export const pushRulesEntryBytes = 100
/** Users whose push rules are read with one statement. */
export const pushRulesPerReadMax = 500
/** Patterns in each list of whom somebody wants to be invited by (MSC4155): they are gone through for every invite. */
export const inviteGlobsMax = 1_000
/** Characters of such a pattern: a user id has no more. */
export const inviteGlobCharsMax = 255
