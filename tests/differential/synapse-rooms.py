"""Synapse's opinion on authorization and state resolution, asked as a library.

Reads rooms as lines of JSON from standard input:
  {"version", "events": [{"json", "rejected"}], "authorize": [{"event", "state"}], "lists": [event id], "resolve": [[state, ...], ...]}
where a state is a list of event ids. Answers each with one line:
  {"authorize": [verdict], "lists": [verdict], "resolve": [sorted list of event ids, or null]}
where a verdict is true, false, or null when Synapse fails at an event instead of judging it.
"""

import asyncio
import json
import sys

from synapse import event_auth
from synapse.api.errors import AuthError, SynapseError
from synapse.api.room_versions import KNOWN_ROOM_VERSIONS
from synapse.events import make_event_from_json
from synapse.state import v1, v2
from synapse.storage.databases.main.event_federation import StateDifference


class Clock:
    async def sleep(self, duration):
        return None


class Store:
    """The events of one room."""

    def __init__(self, events):
        self.events = events

    async def get_events(self, event_ids, redact_behaviour=None, get_prev_content=False, allow_rejected=False):
        known = {event_id: self.events[event_id] for event_id in event_ids if event_id in self.events}
        return {event_id: event for event_id, event in known.items() if allow_rejected or event.rejected_reason is None}

    async def get_auth_chain_difference(self, room_id, state_sets, conflicted_state, additional):
        closures = [self.closure(state_set) for state_set in state_sets]
        difference = set.union(*closures) - set.intersection(*closures)
        subgraph = None
        if conflicted_state is not None:
            subgraph = {
                event_id
                for event_id in self.closure(conflicted_state)
                if self.closure([event_id]) & conflicted_state
            }
        return StateDifference(auth_difference=difference, conflicted_subgraph=subgraph)

    def closure(self, event_ids):
        found = set()
        todo = list(event_ids)
        while todo:
            event_id = todo.pop()
            if event_id not in found:
                found.add(event_id)
                todo.extend(self.events[event_id].auth_event_ids())
        return found


def judge(check):
    try:
        check()
        return True
    except (AuthError, SynapseError):
        return False
    except Exception:
        return None


def authorize(event, state):
    if event.type == "m.room.create":
        event_auth._check_create(event)
    event_auth.check_state_dependent_auth_rules(event, state)


def resolve(version, store, states):
    sets = []
    for state in states:
        events = [store.events[event_id] for event_id in state]
        sets.append({(event.type, event.state_key): event.event_id for event in events})
    room_id = next(iter(store.events.values())).room_id
    try:
        if version.identifier == "1":
            resolution = v1.resolve_events_with_store(room_id, version, sets, None, store.get_events)
        else:
            resolution = v2.resolve_events_with_store(Clock(), room_id, version, sets, None, store)
        return sorted(asyncio.run(resolution).values())
    except Exception:
        return None


def opinion(room):
    version = KNOWN_ROOM_VERSIONS[room["version"]]
    events = {}
    for given in room["events"]:
        event = make_event_from_json(given["json"], version, {}, "rejected" if given["rejected"] else None)
        events[event.event_id] = event
    store = Store(events)
    return {
        "authorize": [
            judge(lambda: authorize(events[asked["event"]], [events[event_id] for event_id in asked["state"]]))
            for asked in room["authorize"]
        ],
        "lists": [
            judge(lambda: asyncio.run(event_auth.check_state_independent_auth_rules(store, events[event_id])))
            for event_id in room["lists"]
        ],
        "resolve": [resolve(version, store, states) for states in room["resolve"]],
    }


for line in sys.stdin:
    print(json.dumps(opinion(json.loads(line))), flush=True)
