import type { Migration } from './migration.ts'

/**
 * The first schema. Each room table's key begins with the room's number; `blob` is `bytea` and `integer` is `bigint` on
 * PostgreSQL (the runner translates). Text that others choose and that may hold U+0000 is stored as bytes or as JSON.
 */
export const firstSchema: Migration = {
  version: 1,
  name: 'first schema',
  statements: [
    // Facts about this database: server_name, store_epoch, cluster_secret. Bound: a handful of rows.
    `CREATE TABLE facts (name text PRIMARY KEY, value text NOT NULL) WITHOUT ROWID`,
    // Writer slots and who holds them. Bound: 32 rows. The lease is by the database's clock. home: of which only one process can run at a
    // time, '' for none.
    `CREATE TABLE slots (slot integer PRIMARY KEY, epoch integer NOT NULL, position integer NOT NULL, process text NOT NULL,
       address text NOT NULL, home text NOT NULL DEFAULT '', expires_at integer NOT NULL)`,
    // Who owns which rooms. Bound: 1,024 rows.
    `CREATE TABLE shards (shard integer PRIMARY KEY, slot integer NOT NULL, epoch integer NOT NULL)`,

    // One row a room. state_partial: 1 while the state of a join is being fetched, 2 when that is over (room_completions says when), 3 when
    // it is over but for what cannot be verified yet.
    // checkpoint: the room's tips and counters at some position, from which loading replays (bounded).
    // auth_disorder: the highest number of an auth event that came after an event resting on it.
    // state_reset: JSON of when and how a resolution of forks last took the state back to the past; the operator is told of it.
    `CREATE TABLE rooms (room integer PRIMARY KEY, room_id text NOT NULL UNIQUE, shard integer NOT NULL, version text NOT NULL,
       state_partial integer NOT NULL DEFAULT 0, published integer NOT NULL DEFAULT 0, quarantined text,
       auth_disorder integer NOT NULL DEFAULT 0, checkpoint blob NOT NULL, state_reset text)`,
    `CREATE INDEX rooms_reset ON rooms (room) WHERE state_reset IS NOT NULL`,
    // Event types and (type, state key) pairs by number, per room. Bound: as many as the room's events name.
    `CREATE TABLE room_keys (room integer NOT NULL, key integer NOT NULL, type blob NOT NULL, state_key blob,
       PRIMARY KEY (room, key)) WITHOUT ROWID`,
    // Graph headers. event: number in the room. pos: live order (> 0), history (< 0), absent for outliers.
    // depth: local depth. key, sender: numbers of room_keys. state_before/after: nodes of room_state.
    // provisional: judged by a part of the state, to be judged again. standing: 0 accepted, 1 soft-failed, 2 rejected, 3 outlier, 4 undecided. edges: packed prev and auth numbers.
    // counts: packed notification totals. origin: what the sending session gave (device, transaction id).
    // thread: the root of the thread that a live event is in; absent in the main timeline.
    `CREATE TABLE events (room integer NOT NULL, event integer NOT NULL, event_id text NOT NULL, standing integer NOT NULL,
       provisional integer NOT NULL DEFAULT 0, pos integer, depth integer NOT NULL, slot integer NOT NULL, position integer NOT NULL,
       ts integer NOT NULL, key integer NOT NULL, is_state integer NOT NULL, sender integer NOT NULL,
       state_before integer NOT NULL, state_after integer NOT NULL, edges blob NOT NULL, counts blob, origin text,
       federate integer NOT NULL DEFAULT 0, redacted_by integer, thread text,
       PRIMARY KEY (room, event)) WITHOUT ROWID`,
    `CREATE UNIQUE INDEX events_live ON events (room, pos) WHERE pos IS NOT NULL`,
    `CREATE INDEX events_history ON events (room, depth, pos) WHERE pos IS NOT NULL`,
    `CREATE INDEX events_time ON events (room, ts, depth, pos) WHERE pos IS NOT NULL`,
    `CREATE INDEX events_undecided ON events (room, event) WHERE standing = 4`,
    `CREATE INDEX events_provisional ON events (room, event) WHERE provisional = 1`,
    `CREATE INDEX events_federate ON events (slot, position) WHERE federate = 1`,
    `CREATE INDEX events_federate_room ON events (room, pos) WHERE federate = 1`,
    `CREATE INDEX events_threads ON events (room, pos) WHERE thread IS NOT NULL`,
    // What each event relates to, from its commit on until it is redacted. parent may be an event that we have not got.
    // depth, pos: the child's place in history order. sender: a number of room_keys. ts: the child's own time.
    // annotation: of an annotation, 48 bits of the hash of its type and key.
    `CREATE TABLE relations (room integer NOT NULL, child integer NOT NULL, parent text NOT NULL, rel_type text NOT NULL,
       depth integer NOT NULL, pos integer NOT NULL, sender integer NOT NULL, ts integer NOT NULL, annotation integer,
       PRIMARY KEY (room, child)) WITHOUT ROWID`,
    `CREATE INDEX relations_of_parent ON relations (room, parent, depth, pos, rel_type)`,
    `CREATE INDEX relations_annotations ON relations (room, parent, sender, annotation) WHERE annotation IS NOT NULL`,
    `CREATE INDEX relations_threads ON relations (room, depth, pos) WHERE rel_type = 'm.thread'`,
    // Which number an event id has in a room. hash: 48 bits of the id, so that the index stays small.
    `CREATE TABLE event_ids (room integer NOT NULL, hash integer NOT NULL, event integer NOT NULL,
       PRIMARY KEY (room, hash, event)) WITHOUT ROWID`,
    // The canonical bytes of each event.
    `CREATE TABLE event_bodies (room integer NOT NULL, event integer NOT NULL, json blob NOT NULL,
       PRIMARY KEY (room, event)) WITHOUT ROWID`,
    // State at events as differences: a chain ends after at most 64 links in a snapshot (parent 0).
    `CREATE TABLE room_state (room integer NOT NULL, node integer NOT NULL, parent integer NOT NULL, links integer NOT NULL,
       entries blob NOT NULL, PRIMARY KEY (room, node)) WITHOUT ROWID`,
    // How the room's current state moved, for gaps in /sync. old and new are event numbers, 0 for none.
    `CREATE TABLE state_changes (room integer NOT NULL, pos integer NOT NULL, key integer NOT NULL, old integer NOT NULL,
       new integer NOT NULL, PRIMARY KEY (room, pos, key)) WITHOUT ROWID`,
    // prev_events that we have not got, and who names them: where history can be filled.
    `CREATE TABLE missing_events (room integer NOT NULL, event_id text NOT NULL, child integer NOT NULL, failures integer NOT NULL DEFAULT 0,
       PRIMARY KEY (room, event_id, child)) WITHOUT ROWID`,
    // Redactions whose target we have not got.
    `CREATE TABLE pending_redactions (room integer NOT NULL, target text NOT NULL, redaction integer NOT NULL,
       PRIMARY KEY (room, target, redaction)) WITHOUT ROWID`,
    // Everybody's membership in the current state. pos: of the member event; forgotten: the user forgot the room.
    // invite_state: stripped state of an invite or knock to a room that we are not in.
    `CREATE TABLE memberships (room integer NOT NULL, user_id text NOT NULL, membership text NOT NULL, event integer NOT NULL,
       pos integer NOT NULL, slot integer NOT NULL, position integer NOT NULL, is_local integer NOT NULL, forgotten integer NOT NULL DEFAULT 0,
       sender text NOT NULL, invite_state text, PRIMARY KEY (room, user_id)) WITHOUT ROWID`,
    `CREATE INDEX memberships_of_user ON memberships (user_id, room)`,
    `CREATE INDEX memberships_local ON memberships (room) WHERE is_local = 1`,
    // For the stream's readers, and to tell who came to share a room with whom.
    `CREATE INDEX memberships_stream ON memberships (slot, position) WHERE position > 0`,
    // Joins of which only a part of the state is here. event: our join. through: the server that let us in. servers: those in
    // the room, by its word (JSON). positions: of our streams at the join (JSON). Bound: until the state is complete.
    `CREATE TABLE partial_joins (room integer NOT NULL, event integer NOT NULL, through text NOT NULL, servers text NOT NULL,
       positions text NOT NULL, PRIMARY KEY (room, event)) WITHOUT ROWID`,
    // When the state of a room became complete: a stream that /sync and device lists read. corrected: more changed than that
    // members became known.
    `CREATE TABLE room_completions (room integer PRIMARY KEY, slot integer NOT NULL, position integer NOT NULL, corrected integer NOT NULL)`,
    // Servers with joined members. left_pos: the room position at which the last of them left, absent while joined.
    // listed: the server is in the room by the word of another; whose members it are is not known yet.
    `CREATE TABLE room_servers (room integer NOT NULL, server text NOT NULL, joined integer NOT NULL, left_pos integer,
       listed integer NOT NULL DEFAULT 0,
       PRIMARY KEY (room, server)) WITHOUT ROWID`,
    `CREATE INDEX room_servers_of_server ON room_servers (server, room)`,
    // Invites that were declined, and knocks taken back, of which no server of the room knows yet. event: the leave that the user's devices
    // are shown. servers: whom to tell (JSON). Bound: a few attempts each, over about a day.
    `CREATE TABLE remote_leaves (room integer NOT NULL, user_id text NOT NULL, event integer NOT NULL, servers text NOT NULL,
       attempts integer NOT NULL, next_at integer NOT NULL, PRIMARY KEY (room, user_id)) WITHOUT ROWID`,
    // Highlights for a user, and notifications of users whose rules differ from their class. Bound: purged behind read receipts.
    `CREATE TABLE push_actions (room integer NOT NULL, user_id text NOT NULL, pos integer NOT NULL, thread text NOT NULL,
       notify integer NOT NULL, highlight integer NOT NULL, PRIMARY KEY (room, user_id, pos)) WITHOUT ROWID`,
    // Which class of equal push rules a user was counted in, from live position `pos` on; class 1 before the first row. place: 0 and so on,
    // round and round. Bound: `pushClassChangesKept` rows for each of our users in the room.
    `CREATE TABLE push_classes (room integer NOT NULL, user_id text NOT NULL, place integer NOT NULL, pos integer NOT NULL,
       class_id integer NOT NULL, PRIMARY KEY (room, user_id, place)) WITHOUT ROWID`,
    // Answers to client transactions, so that a repetition gets the same one. Bound: purged after a day.
    `CREATE TABLE client_transactions (session integer NOT NULL, hash integer NOT NULL, operation text NOT NULL, answer text NOT NULL,
       at integer NOT NULL, PRIMARY KEY (session, hash, operation)) WITHOUT ROWID`,
    // Local aliases.
    `CREATE TABLE aliases (alias text PRIMARY KEY, room_id text NOT NULL, creator text NOT NULL, created_at integer NOT NULL)`,
    `CREATE INDEX aliases_of_room ON aliases (room_id)`,
    // The furthest each user has read. thread: '' is unthreaded. event_pos: timeline position of the event, if known.
    `CREATE TABLE receipts (room integer NOT NULL, user_id text NOT NULL, type text NOT NULL, thread text NOT NULL, event_id text NOT NULL,
       event_pos integer NOT NULL, ts integer NOT NULL, slot integer NOT NULL, position integer NOT NULL,
       PRIMARY KEY (room, user_id, type, thread)) WITHOUT ROWID`,
    `CREATE INDEX receipts_stream ON receipts (room, slot, position)`,

    // Threads that users are subscribed to, or were (MSC4306). stamp: grows with each change of the row. unsubscribed_pos, unsubscribed_depth:
    // the newest live position and local depth of the room when the subscription ended. Bound: `threadSubscriptionsMax` a user.
    `CREATE TABLE thread_subscriptions (room integer NOT NULL, thread text NOT NULL, user_id text NOT NULL, subscribed integer NOT NULL,
       automatic integer NOT NULL, stamp integer NOT NULL, unsubscribed_pos integer NOT NULL DEFAULT 0, unsubscribed_depth integer NOT NULL DEFAULT 0,
       slot integer NOT NULL, position integer NOT NULL, PRIMARY KEY (room, thread, user_id)) WITHOUT ROWID`,
    `CREATE INDEX thread_subscriptions_of_user ON thread_subscriptions (user_id, slot, position)`,

    // Accounts. localpart@server is user_id. A user may have neither a password nor an external identity.
    `CREATE TABLE users (user_id text PRIMARY KEY, created_at integer NOT NULL, admin integer NOT NULL DEFAULT 0,
       deactivated integer NOT NULL DEFAULT 0, locked integer NOT NULL DEFAULT 0, suspended integer NOT NULL DEFAULT 0,
       erased integer NOT NULL DEFAULT 0) WITHOUT ROWID`,
    `CREATE INDEX users_erased ON users (user_id) WHERE erased = 1`,
    `CREATE TABLE passwords (user_id text PRIMARY KEY, hash text NOT NULL, changed_at integer NOT NULL) WITHOUT ROWID`,
    `CREATE TABLE profiles (user_id text NOT NULL, field text NOT NULL, value text NOT NULL, PRIMARY KEY (user_id, field)) WITHOUT ROWID`,
    `CREATE TABLE devices (user_id text NOT NULL, device_id text NOT NULL, display_name text, created_at integer NOT NULL,
       last_seen_at integer, last_seen_ip text, PRIMARY KEY (user_id, device_id)) WITHOUT ROWID`,
    // A session owns tokens. scopes: space-separated. Ends by deletion, and its tokens with it. pair: the newest pair of an
    // access and a refresh token that was used, 0 for none.
    `CREATE TABLE sessions (session integer PRIMARY KEY, user_id text NOT NULL, device_id text NOT NULL, client text NOT NULL,
       scopes text NOT NULL, created_at integer NOT NULL, pair integer NOT NULL DEFAULT 0)`,
    `CREATE INDEX sessions_of_user ON sessions (user_id, device_id)`,
    `CREATE TABLE access_tokens (hash blob PRIMARY KEY, session integer NOT NULL, pair integer NOT NULL DEFAULT 0, expires_at integer) WITHOUT ROWID`,
    `CREATE INDEX access_tokens_of_session ON access_tokens (session)`,
    // parent: the pair whose refresh token was exchanged for this one. Good is the session's own pair, and what has it as
    // parent. Older ones stay for a week, so that their use is recognised as theft and ends the session.
    `CREATE TABLE refresh_tokens (hash blob PRIMARY KEY, session integer NOT NULL, pair integer NOT NULL, parent integer NOT NULL,
       created_at integer NOT NULL) WITHOUT ROWID`,
    `CREATE INDEX refresh_tokens_of_session ON refresh_tokens (session, pair)`,
    // Accounts may be made with them. Absent: any number of uses, for ever.
    `CREATE TABLE registration_tokens (token text PRIMARY KEY, uses_allowed integer, completed integer NOT NULL DEFAULT 0,
       expires_at integer)`,
    // User-interactive authentication in progress. stages: those completed; proof: what they proved; both JSON.
    // Bound: expires after 15 minutes.
    `CREATE TABLE uia_sessions (id text PRIMARY KEY, operation text NOT NULL, body_hash text NOT NULL, user_id text, stages text NOT NULL,
       proof text NOT NULL, created_at integer NOT NULL)`,
    `CREATE INDEX uia_sessions_by_age ON uia_sessions (created_at)`,
    // Tokens that prove to third parties who somebody is, by their SHA-256. Bound: they expire within the hour.
    `CREATE TABLE openid_tokens (token_hash blob PRIMARY KEY, user_id text NOT NULL, expires_at integer NOT NULL) WITHOUT ROWID`,
    `CREATE INDEX openid_tokens_by_expiry ON openid_tokens (expires_at)`,
    // filter_id: 48 bits of the text's hash. Bound: 500 a user, then the oldest goes.
    `CREATE TABLE filters (user_id text NOT NULL, filter_id integer NOT NULL, json text NOT NULL, created_at integer NOT NULL,
       PRIMARY KEY (user_id, filter_id)) WITHOUT ROWID`,
    // room_id: '' is global. content: JSON text. type: chosen by clients, JSON-safe (no U+0000: refused at the edge).
    // Of m.push_rules, content is what differs from the server's default rules.
    `CREATE TABLE account_data (user_id text NOT NULL, room_id text NOT NULL, type text NOT NULL, content text NOT NULL,
       slot integer NOT NULL, position integer NOT NULL, PRIMARY KEY (user_id, room_id, type)) WITHOUT ROWID`,
    `CREATE INDEX account_data_stream ON account_data (user_id, slot, position)`,
    // Connections of sliding sync: what each was sent, as of the generation that the client acknowledged and of the one that
    // it was offered. States are JSON. Bound: 16 connections a device.
    `CREATE TABLE sliding_connections (user_id text NOT NULL, device_id text NOT NULL, conn_id text NOT NULL, acknowledged text,
       acknowledged_state text, offered text NOT NULL, offered_state text NOT NULL, offered_at integer NOT NULL,
       PRIMARY KEY (user_id, device_id, conn_id)) WITHOUT ROWID`,
    // Rows asked of rooms by account actions (profile change, deactivation): worked off in the background, resumed at start.
    `CREATE TABLE user_room_tasks (id integer PRIMARY KEY, user_id text NOT NULL, kind text NOT NULL, payload text NOT NULL, created_at integer NOT NULL)`,

    // A user of ours came into a room that may have taken the place of another, or (user_id '') a room says that another took
    // its place: whose settings may have to go along. Worked off in the background, resumed at start.
    `CREATE TABLE room_moves (slot integer NOT NULL, position integer NOT NULL, user_id text NOT NULL, room_id text NOT NULL,
       PRIMARY KEY (slot, position, user_id)) WITHOUT ROWID`,

    // End-to-end encryption. What devices of our users say of themselves, as uploaded. Bound: one row a device.
    `CREATE TABLE device_keys (user_id text NOT NULL, device_id text NOT NULL, json text NOT NULL, PRIMARY KEY (user_id, device_id)) WITHOUT ROWID`,
    // Each is given away once, the lowest seq first. epoch: the store's when it was uploaded: after a restore none of before is given
    // again. Bound: `oneTimeKeysMax` a device.
    `CREATE TABLE one_time_keys (user_id text NOT NULL, device_id text NOT NULL, algorithm text NOT NULL, key_id text NOT NULL,
       seq integer NOT NULL, epoch integer NOT NULL, json text NOT NULL, PRIMARY KEY (user_id, device_id, algorithm, key_id)) WITHOUT ROWID`,
    `CREATE INDEX one_time_keys_in_order ON one_time_keys (user_id, device_id, algorithm, seq)`,
    // Those that were given away lately: their ids are not taken again. Bound: `issuedKeysMax` a device.
    `CREATE TABLE issued_one_time_keys (user_id text NOT NULL, device_id text NOT NULL, algorithm text NOT NULL, key_id text NOT NULL,
       seq integer NOT NULL, PRIMARY KEY (user_id, device_id, algorithm, key_id)) WITHOUT ROWID`,
    // Given when no one-time key is left. Bound: one row a device and algorithm.
    `CREATE TABLE fallback_keys (user_id text NOT NULL, device_id text NOT NULL, algorithm text NOT NULL, key_id text NOT NULL,
       json text NOT NULL, used integer NOT NULL, PRIMARY KEY (user_id, device_id, algorithm)) WITHOUT ROWID`,
    // A device that waits without a client, for messages that come while its user has none. json: its private part, encrypted by the client.
    `CREATE TABLE dehydrated_devices (user_id text PRIMARY KEY, device_id text NOT NULL, json text NOT NULL) WITHOUT ROWID`,
    // Cross-signing keys of our users, and of others whose device lists we follow. usage: master, self_signing, user_signing.
    `CREATE TABLE cross_signing_keys (user_id text NOT NULL, usage text NOT NULL, public_key text NOT NULL, json text NOT NULL,
       PRIMARY KEY (user_id, usage)) WITHOUT ROWID`,
    // Signatures that our users uploaded. target: a device id or a public key of target_user. Bound: `signaturesPerUserMax` a signer.
    `CREATE TABLE key_signatures (signer text NOT NULL, target_user text NOT NULL, target text NOT NULL, key_id text NOT NULL,
       signature text NOT NULL, PRIMARY KEY (signer, target_user, target, key_id)) WITHOUT ROWID`,
    `CREATE INDEX key_signatures_of_target ON key_signatures (target_user, signer)`,
    // Messages that a device has not acknowledged yet; json is the whole event. Bound: `toDeviceMessagesMax` a device.
    `CREATE TABLE to_device (user_id text NOT NULL, device_id text NOT NULL, slot integer NOT NULL, position integer NOT NULL,
       seq integer NOT NULL, json text NOT NULL, PRIMARY KEY (user_id, device_id, slot, position, seq)) WITHOUT ROWID`,
    // Ids of messages that other servers sent: a repetition is dropped. Bound: purged after some days.
    `CREATE TABLE to_device_received (origin text NOT NULL, message_id text NOT NULL, at integer NOT NULL,
       PRIMARY KEY (origin, message_id)) WITHOUT ROWID`,
    `CREATE INDEX to_device_received_by_age ON to_device_received (at)`,
    // When the devices or keys of a user, ours or not, last changed. seen_by: only this user is told, '' for all who share a room.
    `CREATE TABLE device_list_changes (user_id text NOT NULL, seen_by text NOT NULL, slot integer NOT NULL, position integer NOT NULL,
       PRIMARY KEY (user_id, seen_by)) WITHOUT ROWID`,
    `CREATE INDEX device_list_changes_stream ON device_list_changes (slot, position)`,
    // Changes of our users' devices that were not told yet: written with what causes them. device_id: '' for cross-signing keys.
    `CREATE TABLE device_list_outbox (user_id text NOT NULL, device_id text NOT NULL, seq integer NOT NULL, PRIMARY KEY (user_id, device_id)) WITHOUT ROWID`,
    // The stream_id of the last change that other servers were told of a user of ours.
    `CREATE TABLE device_list_counters (user_id text PRIMARY KEY, stream_id integer NOT NULL) WITHOUT ROWID`,
    // Other servers' users whose devices we keep. positions: of our streams when the list was fetched (JSON): a user who joined later
    // was perhaps away meanwhile. stale: it must be fetched again. Bound: users in our rooms whom somebody asked for.
    `CREATE TABLE remote_device_lists (user_id text PRIMARY KEY, stream_id integer NOT NULL, stale integer NOT NULL, positions text NOT NULL) WITHOUT ROWID`,
    `CREATE INDEX remote_device_lists_stale ON remote_device_lists (user_id) WHERE stale = 1`,
    `CREATE TABLE remote_devices (user_id text NOT NULL, device_id text NOT NULL, json text NOT NULL, PRIMARY KEY (user_id, device_id)) WITHOUT ROWID`,
    // What other servers told of their users' devices and is not worked in yet. Bound: `updatesPerUserMax` a user.
    `CREATE TABLE device_list_inbox (user_id text NOT NULL, seq integer NOT NULL, json text NOT NULL, PRIMARY KEY (user_id, seq)) WITHOUT ROWID`,
    // Key backups. keys: how many sessions the version holds; bytes: of their JSON. Deleted versions stay as a row without keys, so that no number comes again.
    `CREATE TABLE key_backup_versions (user_id text NOT NULL, version integer NOT NULL, algorithm text NOT NULL, auth_data text NOT NULL,
       etag integer NOT NULL, keys integer NOT NULL, bytes integer NOT NULL, deleted integer NOT NULL, PRIMARY KEY (user_id, version)) WITHOUT ROWID`,
    // Bound: `backupKeysMax` a version.
    `CREATE TABLE backup_keys (user_id text NOT NULL, version integer NOT NULL, room_id text NOT NULL, session_id text NOT NULL,
       json text NOT NULL, PRIMARY KEY (user_id, version, room_id, session_id)) WITHOUT ROWID`,

    // Media, ours and copies of other servers'. uploader: absent of copies. hash: the file, absent until it was uploaded; expires_at: until
    // when it must be. file_name: without control characters. accessed_at: to the hour. Bound: quotas in bytes for each user and for copies.
    `CREATE TABLE media (server text NOT NULL, media_id text NOT NULL, uploader text, hash text, content_type text NOT NULL, file_name text,
       bytes integer NOT NULL, created_at integer NOT NULL, expires_at integer, accessed_at integer NOT NULL,
       PRIMARY KEY (server, media_id)) WITHOUT ROWID`,
    `CREATE INDEX media_pending ON media (uploader, expires_at) WHERE hash IS NULL`,
    `CREATE INDEX media_copies ON media (accessed_at) WHERE uploader IS NULL`,
    // Thumbnails that were made. Bound: the sizes that are made, for each piece of media.
    `CREATE TABLE media_thumbnails (server text NOT NULL, media_id text NOT NULL, width integer NOT NULL, height integer NOT NULL,
       method text NOT NULL, animated integer NOT NULL, hash text NOT NULL, content_type text NOT NULL, bytes integer NOT NULL,
       PRIMARY KEY (server, media_id, width, height, method, animated)) WITHOUT ROWID`,
    // Files by the SHA-256 of their content. refs: rows of the two tables above that name it. removing_since: it is being removed.
    `CREATE TABLE media_files (hash text PRIMARY KEY, bytes integer NOT NULL, refs integer NOT NULL, unused_since integer NOT NULL,
       removing_since integer) WITHOUT ROWID`,
    `CREATE INDEX media_files_unused ON media_files (unused_since) WHERE refs = 0`,
    // What each user has uploaded, and what copies ('') take.
    `CREATE TABLE media_usage (owner text PRIMARY KEY, bytes integer NOT NULL, files integer NOT NULL) WITHOUT ROWID`,

    // Federation in: answered transactions (bound: purged after a day) and events waiting for their room's worker (bounded).
    `CREATE TABLE inbound_transactions (origin text NOT NULL, txn_id text NOT NULL, answer text NOT NULL, at integer NOT NULL,
       PRIMARY KEY (origin, txn_id)) WITHOUT ROWID`,
    `CREATE INDEX inbound_transactions_age ON inbound_transactions (at)`,
    `CREATE TABLE inbox (room integer NOT NULL, seq integer NOT NULL, event_id text NOT NULL, origin text NOT NULL, json blob NOT NULL,
       received_at integer NOT NULL, PRIMARY KEY (room, seq)) WITHOUT ROWID`,
    // Received events whose signature cannot be checked yet, as the server that signed them does not tell its keys. Bounded, and for a day.
    `CREATE TABLE unverified_events (room integer NOT NULL, event_id text NOT NULL, origin text NOT NULL, json blob NOT NULL,
       received_at integer NOT NULL, PRIMARY KEY (room, event_id)) WITHOUT ROWID`,
    // Federation out. Servers with something to get that failed lately; absent while well. kind: unreachable or refusing.
    `CREATE TABLE destinations (server text PRIMARY KEY, kind text NOT NULL, failures integer NOT NULL, failing_since integer NOT NULL,
       tried_at integer NOT NULL, retry_at integer NOT NULL) WITHOUT ROWID`,
    // Up to where each slot's events have reached their servers, or are accounted for in the tables below. Bound: 32 rows.
    `CREATE TABLE sender_positions (slot integer PRIMARY KEY, position integer NOT NULL)`,
    // What a server has missed of a room: events that slot `writer` passed on, from a live position on, up to the one at which the
    // server left the room, if it did. slot: whose process sends them. first_pos names the row. Bound: the rooms of a failing server.
    `CREATE TABLE missed_rooms (server text NOT NULL, slot integer NOT NULL, room integer NOT NULL, first_pos integer NOT NULL,
       writer integer NOT NULL, from_pos integer NOT NULL, upto_pos integer, PRIMARY KEY (server, slot, room, first_pos)) WITHOUT ROWID`,
    // Transactions that were not answered keep their id and content until they are. Bound: one or two rows a failing server.
    `CREATE TABLE outbound_transactions (server text NOT NULL, txn_id text NOT NULL, slot integer NOT NULL, body blob NOT NULL,
       PRIMARY KEY (server, txn_id)) WITHOUT ROWID`,
    // EDUs that must arrive (to-device, device lists). A newer one of the same coalesce_key, if that is not empty, replaces it.
    // Bound: storedEdusMax a server, and storedEduBytesAllMax in all, without a key, the oldest go first; with one, a row or two for each user whose devices changed.
    `CREATE TABLE outbound_edus (server text NOT NULL, slot integer NOT NULL, position integer NOT NULL, seq integer NOT NULL,
       coalesce_key text NOT NULL, json text NOT NULL, PRIMARY KEY (server, slot, position, seq)) WITHOUT ROWID`,
    `CREATE INDEX outbound_edus_coalesced ON outbound_edus (server, slot, coalesce_key, position, seq)`,
    // Other servers' signing keys. expired_at: of an old key.
    `CREATE TABLE server_keys (server text NOT NULL, key_id text NOT NULL, public_key blob NOT NULL, valid_until integer NOT NULL,
       expired_at integer, fetched_at integer NOT NULL, PRIMARY KEY (server, key_id)) WITHOUT ROWID`,
    // The last answer of each server about its keys, whole, for those who ask us as a notary.
    `CREATE TABLE server_key_answers (server text PRIMARY KEY, json text NOT NULL, fetched_at integer NOT NULL, valid_until integer NOT NULL) WITHOUT ROWID`,
  ],
  /** Every writer's rows in stream order, which readers in other processes follow (storage/postgresql/stream-tables.ts). */
  postgresql: [
    `CREATE INDEX events_stream ON events (slot, position) WHERE position > 0`,
    `CREATE INDEX room_completions_stream ON room_completions (slot, position) WHERE position > 0`,
    `CREATE INDEX receipts_of_slot ON receipts (slot, position) WHERE position > 0`,
    `CREATE INDEX account_data_of_slot ON account_data (slot, position) WHERE position > 0`,
    `CREATE INDEX thread_subscriptions_stream ON thread_subscriptions (slot, position) WHERE position > 0`,
    `CREATE INDEX to_device_stream ON to_device (slot, position) WHERE position > 0`,
  ],
}
