#!/usr/bin/env bash
# The control API by curl. Start `mock-server` first; MOCK says where, if it is not on port 5000.
set -euo pipefail
mock=${MOCK:-http://127.0.0.1:5000}/__mock/api

call() { # METHOD PATH [JSON]
  curl --silent --show-error --fail-with-body --request "$1" "$mock/$2" ${3:+--data "$3"}
  echo
}

# Begin again: chats, faults and log as they were at the start.
call POST reset

# The next broadcast is sent twice; after that, everything is as it should be.
call PUT faults/broadcast-twice '{"count": 1}'

# A partner writes. The webhook, the chat and the broadcast are real.
call POST phones/Partner/15550100001/messages '{"text": "Where is my driver?", "name": "Noor"}'

# Wait until it was broadcast to the partners' room: 200 with the entry of the log, or 408 with what came instead.
call POST wait '{"event": "room_update", "room": "PartnerApp", "payload": {"last_message": "Where is my driver?"}, "within_ms": 2000}'

# What the customer's phone shows.
call GET phones/Partner/15550100001

# What pages have emitted so far.
call GET 'emitted?event=join_room'
