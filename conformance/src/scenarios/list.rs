//! Conversations about the chat list.

use super::{Blueprint, Phase, for_each_route, list, member, observer, observer_heard, send};
use crate::target::Capability;

/// How often the pages are asked for: a round counts only where the list stood still.
const ROUNDS: usize = 4;

/// Three chats of each type, one of them written to twice, then the list as a whole and in small pages, several times.
pub const CHAT_LIST: Blueprint = Blueprint {
    name: "chat-list",
    about: "per type three chats, one of them written to twice, then the list as a whole and in pages of two, four times over",
    needs: &[Capability::List],
    phase: Phase::Last,
    steps: |plan| {
        vec![
            for_each_route(plan, observer),
            for_each_route(plan, |route| {
                let labels = ["1", "2", "3"];
                let mut steps: Vec<_> = labels.iter().map(|label| send(route, label, label, "for the list")).collect();
                steps.push(observer_heard(route, &labels));
                steps.extend([send(route, "again", "1", "once more"), observer_heard(route, &["again"])]);
                steps
            }),
            for_each_route(plan, |route| {
                let member = member(route);
                let mut steps = list(plan, &member, route, 1, 100);
                for _ in 0..ROUNDS {
                    for page in 1..=3 {
                        steps.extend(list(plan, &member, route, page, 2));
                    }
                    steps.extend(list(plan, &member, route, 1, 100));
                }
                steps
            }),
        ]
    },
};
