//! Conversations with people who mean harm: clients that want in, and text that wants to be more than text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fixtures::Route;
use serde_json::{Value, json};

use super::{
    Blueprint, Phase, Plan, ask, broadcast, for_each_route, identity_key, join, label_of, observer_heard, open,
    open_by, send, settle,
};
use crate::recording::{TokenUse, Transport};
use crate::scenario::{Actor, Body, Door, Message, Probe, Raw, Step};
use crate::target::Capability;

/// What the names of sockets begin with that try to hear what is not theirs.
pub const INTRUDER: &str = "intruder/";

/// What clients write into events that only the server may send.
pub const FORGED: &str = "forged by a client of the suite";

fn emit(actor: &str, event: &str, args: Vec<Value>) -> Step {
    Step::Emit { actor: Actor::from(actor), event: event.to_owned(), args }
}

fn raw(actor: &str, text: String) -> Step {
    Step::Raw { actor: Actor::from(actor), raw: Raw::Text(text) }
}

/// The ways to get at a room's broadcasts, or into them, without a join: a name, and what is done about one room.
type Trick = (&'static str, fn(&Plan<'_>, &str, &Route) -> Vec<Step>);

const TRICKS: [Trick; 7] = [
    ("opens the room as if it were a chat", |_, actor, route| {
        let chat = json!({"chat_id": route.room, "type": route.customer_type, "customer_type": route.customer_type});
        ["join_chat", "join_chat_customer", "fetch_chats_by_user", "config", "leave_chat"]
            .map(|event| emit(actor, event, vec![chat.clone()]))
            .to_vec()
    }),
    ("asks for the list, and opens another's chat", |plan, actor, route| {
        let chat = format!("$chat_id:{}", label_of(route, "plain"));
        let opened = json!({identity_key(plan): chat, "type": route.customer_type, "sender": "$agent"});
        let number = format!("$number:{}", label_of(route, "plain"));
        let page = json!({"sender": "$agent", "customer_type": route.customer_type, "page": 1, "page_size": 1});
        vec![
            emit(actor, "fetch_all_chats", vec![page]),
            emit(actor, "join_chat", vec![opened.clone()]),
            emit(actor, "fetch_chats_by_user", vec![opened]),
            emit(actor, "search_chat", vec![json!({"customer": number, "sender": "$agent"})]),
        ]
    }),
    ("joins by other names", |plan, actor, route| {
        let join = &plan.contract.join.request;
        let variants = [join.to_uppercase(), format!("{join} "), join.replace('_', "-"), join.replace('_', "")];
        let guesses = ["join", "subscribe", "enter", "room"].map(str::to_owned);
        let both = |name: String| {
            [emit(actor, &name, vec![json!({"room": route.room})]), emit(actor, &name, vec![json!(route.room)])]
        };
        variants.into_iter().chain(guesses).filter(|name| name != join).flat_map(both).collect()
    }),
    ("joins in other shapes", |plan, actor, route| {
        let join = &plan.contract.join.request;
        let room = &route.room;
        vec![
            emit(actor, join, vec![json!({"rooms": [room]})]),
            emit(actor, join, vec![json!({"data": {"room": room}})]),
            emit(actor, join, vec![json!({"ROOM": room, "Room": room})]),
            emit(actor, join, vec![json!("NoSuchRoom"), json!({"room": room})]),
            emit(actor, join, vec![json!({"room": {"toString": room, "$eq": room}})]),
        ]
    }),
    ("speaks for the server", |plan, actor, route| {
        let answer = plan.contract.join.answer.clone().unwrap_or_default();
        let forged = json!({
            "room": route.room, identity_key(plan): "forged", plan.contract.key(fixtures::Role::Text).unwrap_or("text"): FORGED, "message": FORGED, "status": 1,
        });
        let to_room = json!({"room": route.room, "to": route.room, "event": route.event, "data": forged});
        vec![
            emit(actor, &answer, vec![json!({"status": 1, "room": route.room})]),
            emit(actor, &route.event, vec![forged.clone()]),
            emit(actor, &route.event, vec![json!(route.room), forged]),
            emit(actor, "broadcast", vec![to_room.clone()]),
            emit(actor, "emit", vec![to_room.clone()]),
            emit(actor, "message", vec![to_room]),
        ]
    }),
    ("goes by another namespace", |plan, actor, route| {
        let join = json!([plan.contract.join.request, {"room": route.room}]);
        let namespaces = ["/admin".to_owned(), format!("/{}", route.room)];
        let through =
            |namespace: String| [raw(actor, format!("40{namespace},")), raw(actor, format!("42{namespace},{join}"))];
        namespaces.into_iter().flat_map(through).collect()
    }),
    ("names the room in bytes", |plan, actor, route| {
        let join = json!([plan.contract.join.request, {"room": {"_placeholder": true, "num": 0}}]);
        let name = STANDARD.encode(&route.room);
        // One binary message by WebSocket; by polling a packet of its own kind.
        let bytes = if plan.can(Capability::Websocket) { Raw::Bytes(name) } else { Raw::Text(format!("b{name}")) };
        vec![raw(actor, format!("451-{join}")), Step::Raw { actor: Actor::from(actor), raw: bytes }]
    }),
];

/// Sockets that never joined do what they can to hear, and then a message of each type is sent.
pub const ISOLATION: Blueprint = Blueprint {
    name: "isolation",
    about: "sockets that join no room, and try to hear its broadcasts or to send some by every other way; then a message of \
            each type",
    needs: &[],
    phase: Phase::Together,
    steps: |plan| {
        let by = if plan.can(Capability::Websocket) { Transport::Websocket } else { Transport::Polling };
        let intrusion = |(name, trick): &Trick| {
            let actor = format!("{INTRUDER}{name}");
            let mut steps = vec![open_by(&actor, by)];
            steps.extend(plan.contract.routes.iter().flat_map(|route| trick(plan, &actor, route)));
            // An answer to something of our own shows that all of it has arrived.
            steps.push(Step::Settle { actors: vec![Actor::from(actor)] });
            steps
        };
        vec![
            for_each_route(plan, broadcast::observed_plainly),
            Step::Together { branches: TRICKS.iter().map(intrusion).collect() },
            for_each_route(plan, |route| {
                vec![send(route, "after", "customer", "for members only"), observer_heard(route, &["after"])]
            }),
            settle(),
        ]
    },
};

/// Text that a careless backend takes for something else, by what it would be.
fn hostile() -> Vec<(&'static str, String)> {
    [
        ("a script", "<script>alert(1)</script><img src=x onerror=alert(1)>"),
        ("SQL", "Robert'); DROP TABLE chats; --"),
        ("a query", r#"{"$gt": "", "$where": "sleep(1000)"}"#),
        ("a prototype", "__proto__"),
        ("a template", "{{7*7}} ${7*7} #{7*7} <%= 7*7 %>"),
        ("a format", "%s%n%x {0} {0.__class__}"),
        ("a path", "../../../../etc/passwd"),
        ("a header", "x\r\nSet-Cookie: a=b\r\n\r\n"),
        ("a command", "; id; $(id) | `id` & "),
        ("a packet", "\u{1e}42[\"room_update\",{}]\u{1e}1"),
        ("the end of a JSON text", r#"","customer_type":"SRDP","chat_id":"x"#),
        ("NUL", "before\u{0}after"),
    ]
    .map(|(name, text)| (name, text.to_owned()))
    .to_vec()
}

/// A name that no column was made for.
const LONG: usize = 5_000;

/// A chat whose name and first message are this text; only the webhook can tell a name.
fn chat_with(plan: &Plan<'_>, route: &Route, what: &str, name: &str, text: &str) -> Vec<Step> {
    let message = Message::text(label_of(route, what), &route.customer_type, what, text);
    let step = if plan.can(Capability::Webhook) {
        Step::Deliver {
            message,
            body: Body::Replaced("/entry/0/changes/0/value/contacts/0/profile/name".to_owned(), json!(name)),
            signature: crate::target::Signature::Right,
            channel: None,
            chunked: false,
        }
    } else {
        Step::Send { messages: vec![message] }
    };
    vec![step, observer_heard(route, &[what])]
}

/// The names of the sockets that ask for rooms of hostile names.
#[must_use]
pub fn guest(route: &Route) -> String {
    format!("guest/{}", route.customer_type)
}

/// A socket that is refused, and then shows a hostile token on the same session.
pub const SHOWS_A_TOKEN: &str = "shows a hostile token/";

/// Hostile tokens by each way that tokens are shown.
fn tokens(plan: &Plan<'_>) -> Vec<Vec<Step>> {
    let mut branches = Vec::new();
    for (name, text) in hostile() {
        // What no header can hold, no client can send in one.
        let printable = text.chars().all(|c| c.is_ascii_graphic() || c == ' ');
        if plan.can(Capability::Rest) && printable {
            let bearer = format!("Bearer {text}");
            let probe = Probe::get(format!("a token that is {name}"), Door::Protected);
            branches.push(vec![Step::Probe(probe.headers(&[("authorization", &bearer)]))]);
        }
        let actor = format!("{SHOWS_A_TOKEN}{name}");
        branches.push(vec![
            Step::Open {
                actor: Actor::from(actor.as_str()),
                transport: None,
                token: TokenUse::Missing,
                place: None,
                receive_buffer: None,
            },
            raw(&actor, format!("40{}", json!({ "token": text }))),
            Step::Settle { actors: vec![Actor::from(actor)] },
        ]);
    }
    branches
}

/// Hostile text wherever a stranger can put text, between two messages of an ordinary customer.
pub const HOSTILE_TEXT: Blueprint = Blueprint {
    name: "hostile-text",
    about: "hostile text as names, messages, rooms and tokens, shared out among the types; and before and after it a message \
            of an ordinary customer",
    needs: &[],
    phase: Phase::Together,
    steps: |plan| {
        let routes = plan.contract.routes.len();
        let mut branches = vec![vec![for_each_route(plan, |route| {
            let place = plan.contract.routes.iter().position(|other| other == route).unwrap_or(0);
            let share = || hostile().into_iter().enumerate().filter(move |(index, _)| index % routes == place);
            let mut steps = broadcast::observed_plainly(route);
            // A program's environment cannot hold NUL.
            let sendable = |text: &str| plan.can(Capability::Webhook) || !text.contains('\0');
            for (_, (what, text)) in share().filter(|(_, (_, text))| sendable(text)) {
                steps.extend(chat_with(plan, route, what, &text, &text));
            }
            if place == 0 && plan.can(Capability::Webhook) {
                steps.extend(chat_with(plan, route, "a very long name", &"N".repeat(LONG), "short words"));
            }
            let guest = guest(route);
            steps.push(open(&guest));
            steps.extend(share().map(|(_, (_, text))| ask(&guest, &plan.contract.join, json!({ "room": text }))));
            steps.push(join(&guest, &route.room));
            steps.extend([
                send(route, "after", "customer", "plain words again"),
                super::heard(&[&guest, &super::member(route)], &[&label_of(route, "after")]),
            ]);
            steps
        })]];
        if plan.can(Capability::Auth) {
            branches.extend(tokens(plan));
        }
        let settled = plan.contract.routes.iter().flat_map(|route| [super::member(route), guest(route)]);
        vec![Step::Together { branches }, Step::Settle { actors: settled.map(Actor::from).collect() }]
    },
};
