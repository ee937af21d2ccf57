//! Conversations about transports.

use super::{Blueprint, Phase, for_each_route, heard, join, label_of, observer, open_by, send, settle};
use crate::recording::Transport;
use crate::scenario::{Actor, Step};
use crate::target::Capability;

/// Polling members are upgraded while messages flow.
pub const UPGRADE: Blueprint = Blueprint {
    name: "upgrade",
    about: "per type a polling member that becomes a WebSocket while six messages are sent",
    needs: &[Capability::Upgrade],
    phase: Phase::Together,
    steps: |plan| {
        vec![
            for_each_route(plan, |route| {
                let upgrading = format!("upgrading/{}", route.customer_type);
                let mut steps = observer(route);
                steps.extend([open_by(&upgrading, Transport::Polling), join(&upgrading, &route.room)]);
                let labels = ["1", "2", "3", "4", "5", "6"];
                let writing = labels.iter().map(|label| send(route, label, "customer", "during the upgrade")).collect();
                let upgrade = Step::Upgrade { actor: Actor::from(upgrading.as_str()) };
                steps.push(Step::Together { branches: vec![vec![upgrade], writing] });
                let labels: Vec<String> = labels.iter().map(|label| label_of(route, label)).collect();
                let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
                steps.push(heard(&[&upgrading, &super::member(route)], &labels));
                steps
            }),
            settle(),
        ]
    },
};
