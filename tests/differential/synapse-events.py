"""Synapse's opinion on events, asked as a library.

Reads lines of JSON from standard input: {"version": room version, "event": the event as a JSON text}.
Answers each with one line: {"event_id", "content_hash", "canonical", "redacted"}, or {"error"} when Synapse does not take the event.
"""

import hashlib
import json
import sys

from canonicaljson import encode_canonical_json
from signedjson.sign import encode_canonical_json as encode_for_signing
from synapse.api.room_versions import KNOWN_ROOM_VERSIONS
from synapse.crypto.event_signing import compute_content_hash
from synapse.events.utils import prune_event
from synapse.federation.federation_base import event_from_pdu_json
from unpaddedbase64 import encode_base64


def without_unsigned(event):
    return {key: value for key, value in event.items() if key != "unsigned"}


def opinion(version, text):
    given = json.loads(text)
    event = event_from_pdu_json(json.loads(text), KNOWN_ROOM_VERSIONS[version])
    redacted = prune_event(event).get_pdu_json()
    return {
        "event_id": event.event_id,
        "content_hash": encode_base64(compute_content_hash(given, hashlib.sha256)[1]),
        "canonical": encode_canonical_json(without_unsigned(given)).decode(),
        "redacted": encode_for_signing(without_unsigned(redacted)).decode(),
    }


for line in sys.stdin:
    asked = json.loads(line)
    try:
        answer = opinion(asked["version"], asked["event"])
    except Exception as error:
        answer = {"error": repr(error)}
    print(json.dumps(answer), flush=True)
