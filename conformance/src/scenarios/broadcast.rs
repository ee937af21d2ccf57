//! Conversations about messages and who hears them.

use std::sync::Arc;

use fixtures::webhooks::{MessageKind, ReceiptStatus};
use fixtures::{Role, Route};
use serde_json::json;

use super::{
    Blueprint, Phase, ask, for_each_route, heard, identity_key, join, label_of, leave, list, member, observer,
    observer_heard, open, open_by, send, settle,
};
use crate::recording::TokenUse;
use crate::scenario::{Actor, Body, Message, Step};
use crate::target::{Capability, Signature};

/// The route's observer, and a message sent on its own, with plain words and nothing beside it: what is lost or doubled
/// already here is not about what follows.
pub(super) fn observed_plainly(route: &Route) -> Vec<Step> {
    let mut steps = observer(route);
    steps.extend([send(route, "plain", "customer", "plain words"), observer_heard(route, &["plain"])]);
    steps
}

/// A member by each transport, one that left, and one in no room; one message of each type.
pub const ONE_MESSAGE_PER_TYPE: Blueprint = Blueprint {
    name: "one-message-per-type",
    about: "per type a member by each transport and one that left, and a socket in no room; then one message of each type",
    needs: &[],
    phase: Phase::First,
    steps: |plan| {
        let members = |route: &Route| -> Vec<String> {
            plan.transports().iter().map(|transport| format!("{}/{transport}", route.customer_type)).collect()
        };
        let arrive = |route: &Route| {
            let mut steps = Vec::new();
            for (actor, transport) in members(route).iter().zip(plan.transports()) {
                steps.push(vec![open_by(actor, transport), join(actor, &route.room)]);
            }
            if plan.can(Capability::Leave) {
                let left = format!("left/{}", route.customer_type);
                steps.push(vec![open(&left), join(&left, &route.room), leave(&left, &route.room)]);
            }
            vec![Step::Together { branches: steps }]
        };
        let message = |route: &Route| {
            let members = members(route);
            let actors: Vec<&str> = members.iter().map(String::as_str).collect();
            let mut steps = vec![
                send(route, "hello", "customer", "Hello, I need help with my last order"),
                heard(&actors, &[&label_of(route, "hello")]),
            ];
            steps.extend(actors.first().map(|actor| list(plan, actor, route, 1, 100)).unwrap_or_default());
            steps
        };
        vec![
            Step::Together { branches: vec![vec![open("bystander")], vec![for_each_route(plan, arrive)]] },
            for_each_route(plan, message),
            settle(),
        ]
    },
};

/// Different senders: what their broadcasts say is to fit the contract, and to tell their chats apart.
pub const SUMMARIES: Blueprint = Blueprint {
    name: "summaries",
    about: "per type a message of a new customer and, by the webhook, one of a customer whose name the provider does not tell; \
            then one number that writes to each type in turn, and the chat lists",
    needs: &[],
    phase: Phase::Together,
    steps: |plan| {
        let mut steps = vec![for_each_route(plan, |route| {
            let mut steps = observer(route);
            steps.extend([send(route, "hello", "customer", "who am I?"), observer_heard(route, &["hello"])]);
            if plan.can(Capability::Webhook) {
                let message =
                    Message::text(label_of(route, NAMELESS), &route.customer_type, NAMELESS, "who knows my name?");
                let body = Body::Replaced("/entry/0/changes/0/value/contacts".to_owned(), json!([]));
                steps.push(Step::Deliver { message, body, signature: Signature::Right, channel: None, chunked: false });
                steps.push(heard(&[&member(route)], &[&label_of(route, NAMELESS)]));
            }
            steps
        })];
        for route in &plan.contract.routes {
            steps.push(send(route, "to all types", "*everywhere", "to all of you, one after the other"));
            steps.push(heard(&[&member(route)], &[&label_of(route, "to all types")]));
        }
        steps.push(for_each_route(plan, |route| list(plan, &member(route), route, 1, 100)));
        steps
    },
};

/// The customer whose name nobody knows: a backend may have no place for what is not the documented shape.
pub const NAMELESS: &str = "nameless";

/// The list is asked for at the moment a broadcast arrives.
pub const LIST_ON_RECEIPT: Blueprint = Blueprint {
    name: "list-on-receipt",
    about: "three times per type: a message, and the chat list asked for at the moment its broadcast arrives; and \
            once more a while later",
    needs: &[Capability::List],
    phase: Phase::Together,
    steps: |plan| {
        vec![for_each_route(plan, |route| {
            let mut steps = observer(route);
            for label in ["first", "second", "third"] {
                steps.extend([send(route, label, "customer", "is this saved?"), observer_heard(route, &[label])]);
                steps.extend(list(plan, &member(route), route, 1, 100));
            }
            // Whether the chat is in the list at all.
            steps.push(Step::Settle { actors: vec![Actor::from(member(route))] });
            steps.extend(list(plan, &member(route), route, 1, 100));
            steps
        })]
    },
};

/// One customer writes five messages in a row; an agent reads the chat; the customer writes once more.
pub const CONVERSATION: Blueprint = Blueprint {
    name: "conversation",
    about: "per type five messages in a row from one number; then an agent reads the chat, and the customer writes again",
    needs: &[],
    phase: Phase::Together,
    steps: |plan| {
        vec![
            for_each_route(plan, |route| {
                let labels = ["first", "second", "third", "fourth", "fifth"];
                let mut steps = observer(route);
                steps.extend(labels.iter().map(|label| send(route, label, "customer", label)));
                steps.push(observer_heard(route, &labels));
                if let Some(history) = plan.contract.history.as_ref().filter(|_| plan.can(Capability::History)) {
                    let chat = format!("$chat_id:{}", label_of(route, "first"));
                    let reading = json!({identity_key(plan): chat, "sender": "$agent", "page": 1, "page_size": 20});
                    steps.push(ask(&member(route), history, reading));
                }
                steps.extend([send(route, "sixth", "customer", "sixth"), observer_heard(route, &["sixth"])]);
                steps
            }),
            settle(),
        ]
    },
};

/// Eight messages of one customer at the same time.
pub const BURST: Blueprint = Blueprint {
    name: "burst",
    about: "per type a message, then eight from one number at the same time, then the chat list",
    needs: &[],
    phase: Phase::Together,
    steps: |plan| {
        let labels = ["1", "2", "3", "4", "5", "6", "7", "8"];
        vec![for_each_route(plan, |route| {
            let mut steps = observed_plainly(route);
            let at_once = labels.iter().map(|label| vec![send(route, label, "customer", "all at once")]).collect();
            steps.extend([Step::Together { branches: at_once }, observer_heard(route, &labels)]);
            steps.push(Step::Settle { actors: vec![Actor::from(member(route))] });
            steps.extend(list(plan, &member(route), route, 1, 100));
            steps
        })]
    },
};

/// All types at the same time, five customers each.
pub const CONCURRENT: Blueprint = Blueprint {
    name: "concurrent",
    about: "a message of one type after the other, then all types at the same time, five customers each",
    needs: &[],
    // Alone: a message that meets one of another scenario's would be lost before its turn.
    phase: Phase::Last,
    steps: |plan| {
        let labels = ["1", "2", "3", "4", "5"];
        let write = |route: &Route| labels.map(|label| vec![send(route, label, label, "all types at once")]);
        // One after the other, and each on its own: where one type's is lost, the others' turn comes all the same.
        let alone = |route: &Route| Step::Together { branches: vec![observed_plainly(route)] };
        let mut steps: Vec<Step> = plan.contract.routes.iter().map(alone).collect();
        steps.extend([
            Step::Together { branches: plan.contract.routes.iter().flat_map(write).collect() },
            for_each_route(plan, |route| vec![observer_heard(route, &labels)]),
            settle(),
        ]);
        steps
    },
};

/// Every kind of message, one after the other.
pub const KINDS: Blueprint = Blueprint {
    name: "kinds",
    about: "per type one message of every kind from one number and the last of them once more, each heard before the next is sent",
    needs: &[Capability::Webhook],
    phase: Phase::Together,
    steps: |plan| {
        vec![for_each_route(plan, |route| {
            let mut steps = observer(route);
            let named = MessageKind::ALL.map(|kind| {
                let name = serde_json::to_value(kind).ok().and_then(|name| name.as_str().map(str::to_owned));
                (kind, name.unwrap_or_default())
            });
            // What looks alike is not the same message.
            let once_more = named.last().map(|(kind, name)| (*kind, format!("{name} once more")));
            for (kind, name) in named.iter().cloned().chain(once_more) {
                let message = Message {
                    label: label_of(route, &name).into(),
                    customer_type: route.customer_type.clone(),
                    from: "customer".into(),
                    kind,
                    text: kind.carries_text().then(|| "kind".to_owned()),
                };
                steps.extend([Step::Send { messages: vec![message] }, observer_heard(route, &[&name])]);
            }
            steps
        })]
    },
};

/// Receipts between two messages.
pub const RECEIPTS: Blueprint = Blueprint {
    name: "receipts",
    about: "per type two messages, the receipts sent, delivered, read and failed to the same number, and a third message",
    needs: &[Capability::Webhook],
    phase: Phase::Together,
    steps: |plan| {
        vec![
            for_each_route(plan, |route| {
                let mut steps = observed_plainly(route);
                steps.extend([
                    send(route, "before", "customer", "before the receipts"),
                    observer_heard(route, &["before"]),
                ]);
                let receipt = |status| Step::Receipt { label: label_of(route, "before").into(), status };
                steps.extend(ReceiptStatus::ALL.map(receipt));
                steps.extend([
                    send(route, "after", "customer", "after the receipts"),
                    observer_heard(route, &["after"]),
                ]);
                steps
            }),
            settle(),
        ]
    },
};

/// Several messages in one webhook body.
pub const BATCH: Blueprint = Blueprint {
    name: "batch",
    about: "per type a message, then one webhook body with three, two of them from the same number",
    needs: &[Capability::Webhook],
    phase: Phase::Together,
    steps: |plan| {
        vec![
            for_each_route(plan, |route| {
                let message =
                    |label, from| Message::text(label_of(route, label), &route.customer_type, from, "one of three");
                let mut steps = observed_plainly(route);
                steps.push(Step::Send { messages: vec![message("1", "a"), message("2", "b"), message("3", "a")] });
                steps.push(observer_heard(route, &["1", "2", "3"]));
                steps
            }),
            settle(),
        ]
    },
};

/// The same message delivered twice.
pub const REDELIVERY: Blueprint = Blueprint {
    name: "redelivery",
    about: "per type a message, the same message delivered again byte for byte, and another one",
    needs: &[Capability::Webhook],
    phase: Phase::Together,
    steps: |plan| {
        vec![
            for_each_route(plan, |route| {
                let mut steps = observer(route);
                steps.extend([
                    send(route, "once", "customer", "delivered twice"),
                    observer_heard(route, &["once"]),
                    Step::Redeliver { label: label_of(route, "once").into(), again: label_of(route, "again").into() },
                    send(route, "after", "customer", "after the redelivery"),
                    observer_heard(route, &["after"]),
                ]);
                steps
            }),
            settle(),
        ]
    },
};

/// The message that is sent while the server makes the answers that clog the slow member's connection: not judged.
pub const SETTLING: &str = "settling";

/// The member that stops reading.
pub const SLOW: &str = "slow";

/// A member stops reading while the server has much to tell it.
pub const SLOW_MEMBER: Blueprint = Blueprint {
    name: "slow-member",
    about: "a member that asks for more than its connection takes and stops reading; then messages, which the other member \
            must hear in time",
    needs: &[Capability::List],
    phase: Phase::Last,
    steps: |plan| {
        let (Some(route), Some(exchange)) = (plan.contract.routes.first(), &plan.contract.list) else {
            return Vec::new();
        };
        let slow = Actor::from(SLOW);
        let mut steps = observer(route);
        steps.extend([
            send(route, "before", "customer", "while everybody reads"),
            observer_heard(route, &["before"]),
            Step::Open {
                actor: Arc::clone(&slow),
                transport: None,
                token: TokenUse::Good,
                place: None,
                receive_buffer: Some(4096),
            },
            join(SLOW, &route.room),
            Step::Clog {
                actor: slow,
                behind: member(route).into(),
                request: exchange.request.clone(),
                args: vec![json!({"sender": "$agent", "page": 1, "page_size": 100})],
                answer: exchange.answer.clone().unwrap_or_default(),
            },
            // Making so many answers may keep a server busy; what is judged is what the unread ones do afterwards.
            send(route, SETTLING, "customer", "while the answers are made"),
            heard(&[&member(route)], &[&label_of(route, SETTLING)]),
        ]);
        for label in ["first", "second", "third"] {
            steps.extend([send(route, label, "customer", &"long ".repeat(800)), observer_heard(route, &[label])]);
        }
        steps
    },
};

/// A resolved chat is written to again.
pub const REOPENED: Blueprint = Blueprint {
    name: "reopened",
    about: "per type a message, an agent who resolves the chat, and another message",
    needs: &[Capability::UpdateStatus],
    phase: Phase::Together,
    steps: |plan| {
        let Some(update) = &plan.contract.update_status else { return Vec::new() };
        vec![for_each_route(plan, |route| {
            let mut steps = observer(route);
            let number = format!("$number:{}", label_of(route, "before"));
            let resolve = json!({"customer_number": number, "update_by_number": "$agent", "status": "resolved"});
            steps.extend([
                send(route, "before", "customer", "before it is resolved"),
                observer_heard(route, &["before"]),
                ask(&member(route), update, resolve),
                send(route, "after", "customer", "after it was resolved"),
                observer_heard(route, &["after"]),
            ]);
            steps
        })]
    },
};

/// An agent answers.
pub const AGENT_REPLY: Blueprint = Blueprint {
    name: "agent-reply",
    about: "per type a message and an agent's reply",
    needs: &[Capability::Send],
    phase: Phase::Together,
    steps: |plan| {
        let Some(exchange) = &plan.contract.send else { return Vec::new() };
        let type_key = plan.contract.key(Role::Type).unwrap_or("customer_type");
        vec![
            for_each_route(plan, |route| {
                let question = label_of(route, "question");
                let reply = json!({
                    identity_key(plan): format!("$chat_id:{question}"),
                    "sender": "$agent",
                    "type": "Agent",
                    "message": format!("Thank you, we look into it ($nonce:{question})"),
                    type_key: route.customer_type,
                });
                let mut steps = observer(route);
                steps.extend([
                    send(route, "question", "customer", "can you help?"),
                    observer_heard(route, &["question"]),
                    ask(&member(route), exchange, reply),
                ]);
                steps
            }),
            settle(),
        ]
    },
};

/// Texts that are easily damaged.
pub const TEXTS: Blueprint = Blueprint {
    name: "texts",
    about: "per type plain words, then texts that are easily damaged: emoji, right-to-left, combining marks, quotes, HTML, \
            4,096 characters",
    needs: &[],
    phase: Phase::Together,
    steps: |plan| {
        vec![for_each_route(plan, |route| {
            let mut steps = observed_plainly(route);
            for (label, text) in texts() {
                steps.extend([send(route, label, "customer", &text), observer_heard(route, &[label])]);
            }
            steps
        })]
    },
};

/// The texts by name. With its nonce in front, the longest has 4,096 characters.
fn texts() -> Vec<(&'static str, String)> {
    let long: String = "Every word counts. ".chars().cycle().take(4096 - crate::recording::NONCE_LENGTH - 1).collect();
    vec![
        ("emoji", "👩‍👩‍👧‍👦 🇮🇳 👍🏽 ☺️ 🫶 ok".to_owned()),
        ("right-to-left", "مرحبا بالعالم \u{200f}123\u{200e} שלום".to_owned()),
        ("combining marks", "e\u{301} n\u{303} Å vs A\u{30a} क्षि ก็ ﷽".to_owned()),
        ("newlines", "first line\nsecond line\r\nthird\tline".to_owned()),
        ("quotes and backslashes", r#"she said "it's \n fine" \\ \u0041 %s {0} ${x} `y`"#.to_owned()),
        ("HTML", "<b>bold</b> <img src=x onerror=alert(1)> &amp; &#39; <!-- -->".to_owned()),
        ("4,096 characters", long),
        ("separators", "a\u{1e}b \u{2028} \u{2029} \u{feff} \u{7f} 42[\"room_update\"] 1:2".to_owned()),
    ]
}
