//! Faults of Engine.IO: its two transports, its handshake and heartbeat, and packets that nobody should send.

use std::time::Duration;

use axum::http::StatusCode;
use socketioxide::socket::DisconnectReason;

use super::http::{is_socket, parameter, refuse, rewrite_query};
use super::{Act, Area, Fault, Flow};
use crate::rooms::Change;

/// The area.
pub(super) const AREA: Area = Area {
    title: "Transport",
    about: "Engine.IO v4 and Socket.IO v5: opening, upgrading, heartbeat, refusals, malformed packets.",
    faults: &[
        &WEBSOCKET_REFUSED,
        &POLLING_REFUSED,
        &OPEN_PACKET_LOWER_CASED,
        &UPGRADE_REFUSED,
        &UPGRADE_LOSES,
        &UPGRADE_DOUBLES,
        &PINGS_TOO_RARE,
        &SILENT_CLIENTS_KEPT,
        &REFUSED_WITH_200,
        &ANY_VERSION_ACCEPTED,
        &UNKNOWN_TRANSPORT_IS_POLLING,
        &REFUSED_LATE,
        &MALFORMED_PACKET_EMPTIES_ROOMS,
        &OVERSIZED_MESSAGE_EMPTIES_ROOMS,
        &POLLING_MEMBERS_FORGOTTEN,
    ],
};

const WEBSOCKET_REFUSED: Fault = Fault {
    id: "websocket-refused",
    about: "WebSocket handshakes are refused: a proxy in front passes only plain HTTP on.",
    violates: &["transport.open.websocket"],
    side_effects: &["transport.upgrade"],
    acts: &[Act::Http(|request, next| {
        Box::pin(async move {
            if parameter(&request, "transport") == Some("websocket") {
                refuse(StatusCode::BAD_REQUEST, "Bad request")
            } else {
                next.run(request).await
            }
        })
    })],
};

const POLLING_REFUSED: Fault = Fault {
    id: "polling-refused",
    about: "Long-polling is switched off (`transports: [\"websocket\"]`): who is behind a proxy without WebSocket \
            is shut out.",
    violates: &["transport.open.polling"],
    side_effects: &["transport.upgrade", "transport.polling-equal"],
    acts: &[Act::Http(|request, next| {
        Box::pin(async move {
            if parameter(&request, "transport") == Some("polling") {
                refuse(StatusCode::BAD_REQUEST, "Transport unknown")
            } else {
                next.run(request).await
            }
        })
    })],
};

const OPEN_PACKET_LOWER_CASED: Fault = Fault {
    id: "open-packet-lower-cased",
    about: "The open packet has `maxpayload` in place of `maxPayload`: somebody wrote the handshake by hand.",
    violates: &["transport.open.websocket", "transport.open.polling"],
    side_effects: &[],
    acts: &[Act::OpenPacket(|packet| packet.renamed = Some(("maxPayload", "maxpayload")))],
};

const UPGRADE_REFUSED: Fault = Fault {
    id: "upgrade-refused",
    about: "A WebSocket for a session that polls is refused: the load balancer sends it to another process, which \
            does not know the session.",
    violates: &["transport.upgrade"],
    side_effects: &[],
    acts: &[Act::Http(|request, next| {
        Box::pin(async move {
            let known = parameter(&request, "sid").is_some();
            if known && parameter(&request, "transport") == Some("websocket") {
                refuse(StatusCode::BAD_REQUEST, "Session ID unknown")
            } else {
                next.run(request).await
            }
        })
    })],
};

const UPGRADE_LOSES: Fault = Fault {
    id: "upgrade-loses",
    about: "What is broadcast while a client changes from polling to WebSocket goes to the transport that is being \
            given up, and is lost.",
    violates: &["transport.upgrade"],
    side_effects: &[],
    acts: &[Act::Broadcast(|broadcasts, _| {
        for broadcast in broadcasts {
            broadcast.reaches = |_, client| !(client.polls() && client.asked_to_upgrade_within(UPGRADING));
        }
    })],
};

const UPGRADE_DOUBLES: Fault = Fault {
    id: "upgrade-doubles",
    about: "What is broadcast while a client changes from polling to WebSocket is sent by both transports.",
    violates: &["transport.upgrade"],
    side_effects: &[],
    acts: &[Act::Broadcast(|broadcasts, _| {
        let again = broadcasts.clone().into_iter();
        broadcasts.extend(again.map(|mut broadcast| {
            broadcast.reaches = |_, client| client.polls() && client.asked_to_upgrade_within(UPGRADING);
            broadcast
        }));
    })],
};

const PINGS_TOO_RARE: Fault = Fault {
    id: "pings-too-rare",
    about: "Clients are told the usual `pingInterval`, but after the first ping none comes: the timer is never set \
            again.",
    violates: &["transport.heartbeat"],
    side_effects: &[],
    acts: &[Act::OpenPacket(|packet| packet.ping_interval += A_DAY)],
};

const SILENT_CLIENTS_KEPT: Fault = Fault {
    id: "silent-clients-kept",
    about: "A client that answers no ping is kept all the same: nobody looks for the missing answer, and dead \
            sessions pile up.",
    violates: &["transport.heartbeat"],
    side_effects: &[],
    acts: &[Act::OpenPacket(|packet| packet.ping_timeout += A_DAY)],
};

const REFUSED_WITH_200: Fault = Fault {
    id: "refused-with-200",
    about: "A request that must be refused is refused in words only: the status is 200, and proxies and clients \
            take it for good.",
    violates: &["transport.reject"],
    side_effects: &[],
    acts: &[Act::Http(|request, next| {
        Box::pin(async move {
            let of_socket = is_socket(&request);
            let mut response = next.run(request).await;
            if of_socket && response.status().is_client_error() {
                *response.status_mut() = StatusCode::OK;
            }
            response
        })
    })],
};

const ANY_VERSION_ACCEPTED: Fault = Fault {
    id: "any-version-accepted",
    about: "Whatever `EIO` says counts as 4: a client of another protocol version is let in, and understands \
            nothing.",
    violates: &["transport.reject"],
    side_effects: &[],
    acts: &[Act::Http(|mut request, next| {
        Box::pin(async move {
            rewrite_query(&mut request, |name, value| if name == "EIO" { "4" } else { value });
            next.run(request).await
        })
    })],
};

const UNKNOWN_TRANSPORT_IS_POLLING: Fault = Fault {
    id: "unknown-transport-is-polling",
    about: "An unknown `transport` counts as polling, as any default branch would have it.",
    violates: &["transport.reject"],
    side_effects: &[],
    acts: &[Act::Http(|mut request, next| {
        Box::pin(async move {
            rewrite_query(&mut request, |name, value| match (name, value) {
                ("transport", "websocket") => value,
                ("transport", _) => "polling",
                _ => value,
            });
            next.run(request).await
        })
    })],
};

const REFUSED_LATE: Fault = Fault {
    id: "refused-late",
    about: "A request that must be refused is held for ten seconds before it is: the session is looked for in a \
            store that is waited for.",
    violates: &["transport.reject"],
    side_effects: &[],
    acts: &[Act::Http(|request, next| {
        Box::pin(async move {
            let of_socket = is_socket(&request);
            let response = next.run(request).await;
            if of_socket && response.status().is_client_error() {
                tokio::time::sleep(Duration::from_secs(10)).await;
            }
            response
        })
    })],
};

const MALFORMED_PACKET_EMPTIES_ROOMS: Fault = Fault {
    id: "malformed-packet-empties-rooms",
    about: "A packet that cannot be parsed throws where nobody catches, the process is started anew, and every \
            room is empty.",
    violates: &["transport.malformed"],
    side_effects: &["transport.max-payload"],
    acts: &[Act::Membership(|rooms, _, change| {
        if matches!(change, Change::Disconnect(DisconnectReason::PacketParsingError)) {
            rooms.empty_routes();
        }
        true
    })],
};

const OVERSIZED_MESSAGE_EMPTIES_ROOMS: Fault = Fault {
    id: "oversized-message-empties-rooms",
    about: "A message above `maxPayload` is taken in whole and uses up the memory; the process is started anew, \
            and every room is empty.",
    violates: &["transport.max-payload"],
    side_effects: &[],
    acts: &[
        Act::OpenPacket(|packet| packet.max_payload = u32::MAX),
        Act::Request(|asked, outgoing, _| {
            // As it was sent: 42["event",payload]
            let packet = asked.payload.as_ref().map(|payload| asked.event.len() + payload.to_string().len() + 7);
            if packet > Some(LARGE) {
                outgoing.empty_routes();
                return Flow::CutOff;
            }
            Flow::On
        }),
    ],
};

const POLLING_MEMBERS_FORGOTTEN: Fault = Fault {
    id: "polling-members-forgotten",
    about: "Broadcasts go to WebSockets only: polling sessions are another list, which was forgotten.",
    violates: &["transport.polling-equal", "broadcast.delivered"],
    side_effects: &["join.effective", "transport.upgrade"],
    acts: &[Act::Broadcast(|broadcasts, _| {
        for broadcast in broadcasts {
            broadcast.reaches = |_, client| !client.polls();
        }
    })],
};

/// How long a change of transport is taken to last, from the request on.
const UPGRADING: Duration = Duration::from_secs(1);

/// Longer than anybody waits.
const A_DAY: Duration = Duration::from_hours(24);

/// What the open packet allows by default, in bytes.
const LARGE: usize = 1_000_000;
