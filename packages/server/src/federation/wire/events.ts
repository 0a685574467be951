import { contract, pageAnswer, smallAnswer, stateAnswer } from './contract.ts'

export const getEvent = contract({ name: 'getEvent', method: 'GET', path: '/_matrix/federation/v1/event/{eventId}', answer: smallAnswer })

/** Query: `event_id`. */
export const getRoomState = contract({
  name: 'getRoomState',
  method: 'GET',
  path: '/_matrix/federation/v1/state/{roomId}',
  answer: stateAnswer,
})

/** Query: `event_id`. */
export const getRoomStateIds = contract({
  name: 'getRoomStateIds',
  method: 'GET',
  path: '/_matrix/federation/v1/state_ids/{roomId}',
  answer: stateAnswer,
})

export const getEventAuthorization = contract({
  name: 'getEventAuthorization',
  method: 'GET',
  path: '/_matrix/federation/v1/event_auth/{roomId}/{eventId}',
  answer: pageAnswer,
})

/** Query: `v`, repeated, and `limit`. */
export const backfillRoom = contract({
  name: 'backfillRoom',
  method: 'GET',
  path: '/_matrix/federation/v1/backfill/{roomId}',
  answer: pageAnswer,
})

export const getMissingEvents = contract({
  name: 'getMissingPreviousEvents',
  method: 'POST',
  path: '/_matrix/federation/v1/get_missing_events/{roomId}',
  answer: pageAnswer,
})

/** Query: `ts` and `dir`. */
export const getEventByTimestamp = contract({
  name: 'getEventByTimestamp',
  method: 'GET',
  path: '/_matrix/federation/v1/timestamp_to_event/{roomId}',
  answer: smallAnswer,
})

/** Query: `suggested_only`. */
export const getSpaceHierarchy = contract({
  name: 'getSpaceHierarchy',
  method: 'GET',
  path: '/_matrix/federation/v1/hierarchy/{roomId}',
  answer: pageAnswer,
})

/** Ask a policy server for its signature on an event. */
export const signByPolicy = contract({ name: 'policyServerSign', method: 'POST', path: '/_matrix/policy/v1/sign', answer: smallAnswer })
