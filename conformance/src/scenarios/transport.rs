//! Conversations about transports.

use super::{Blueprint, Phase, for_each_route, heard, join, label_of, observer, open_by, send, settle};
use crate::recording::Transport;
use crate::scenario::{Actor, Step};
use crate::target::Capability;

/// Polling members are upgraded while messages flow.
pub const UPGRADE: Blueprint = Blueprint {
    name: "upgrade",
    about: "per type a polling member that becomes a WebSocket while six messages are sent, three of them when the probe is \
            answered and the upgrade not done",
    needs: &[Capability::Upgrade],
    phase: Phase::Together,
    steps: |plan| {
        vec![
            for_each_route(plan, |route| {
                let upgrading = format!("upgrading/{}", route.customer_type);
                let mut steps = observer(route);
                steps.extend([open_by(&upgrading, Transport::Polling), join(&upgrading, &route.room)]);
                let labels = ["1", "2", "3", "4", "5", "6"];
                let mut writing = labels.iter().map(|label| send(route, label, "customer", "during the upgrade"));
                let mut during: Vec<Step> = writing.by_ref().take(3).collect();
                // Heard by others, so that they were broadcast by then.
                let first: Vec<String> = labels[..3].iter().map(|label| label_of(route, label)).collect();
                during.push(heard(&[&super::member(route)], &first.iter().map(String::as_str).collect::<Vec<_>>()));
                let upgrade = Step::Upgrade { actor: Actor::from(upgrading.as_str()), during };
                steps.push(Step::Together { branches: vec![vec![upgrade], writing.collect()] });
                let labels: Vec<String> = labels.iter().map(|label| label_of(route, label)).collect();
                let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
                steps.push(heard(&[&upgrading, &super::member(route)], &labels));
                steps
            }),
            settle(),
        ]
    },
};
