//! Conversations that are a burden: many sockets, and a restart.

use super::{
    Blueprint, Phase, broadcast, for_each_route, heard, join, label_of, leave, member, observer_heard, open, open_by,
    send,
};
use crate::scenario::{Actor, Step};
use crate::target::Capability;

/// How many rounds there are, each with messages of every type.
const ROUNDS: usize = 10;

/// How many sockets come and go in each round.
const PER_ROUND: usize = 30;

/// What the names of sockets that come and go begin with.
pub const CHURNING: &str = "churning/";

/// What the names of the crowd's sockets begin with.
pub const CROWD: &str = "crowd";

/// One socket comes, joins, and goes: by leaving, by closing, or by a cut line.
fn come_and_go(plan: &super::Plan<'_>, number: usize) -> Vec<Step> {
    let routes = &plan.contract.routes;
    let room = &routes[number % routes.len()].room;
    let doors = plan.doors();
    let actor = format!("{CHURNING}{number}");
    // One in five by another transport than the first.
    let by = doors[if number.is_multiple_of(5) { doors.len() - 1 } else { 0 }];
    let mut steps = vec![open_by(&actor, by), join(&actor, room)];
    let owned = Actor::from(actor.as_str());
    match number % 3 {
        0 if plan.can(Capability::Leave) => steps.extend([leave(&actor, room), Step::Close { actor: owned }]),
        1 => steps.push(Step::Drop { actor: owned }),
        _ => steps.push(Step::Close { actor: owned }),
    }
    steps
}

/// Hundreds of sockets come and go while messages flow.
pub const CHURN: Blueprint = Blueprint {
    name: "churn",
    about: "300 sockets that join, leave, close and drop, 30 at a time, and meanwhile messages that one steady member per type \
            must hear",
    needs: &[],
    phase: Phase::Last,
    steps: |plan| {
        let mut steps = vec![for_each_route(plan, broadcast::observed_plainly)];
        for round in 0..ROUNDS {
            let mut branches: Vec<Vec<Step>> =
                (0..PER_ROUND).map(|index| come_and_go(plan, round * PER_ROUND + index)).collect();
            let label = (round + 1).to_string();
            let writing = plan.contract.routes.iter().map(|route| send(route, &label, "customer", "in the throng"));
            branches.extend(writing.map(|step| vec![step]));
            steps.push(Step::Together { branches });
        }
        let labels: Vec<String> = (1..=ROUNDS).map(|round| round.to_string()).collect();
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        steps.push(for_each_route(plan, |route| vec![observer_heard(route, &labels)]));
        steps.push(Step::Settle {
            actors: plan.contract.routes.iter().map(|route| Actor::from(member(route))).collect(),
        });
        steps
    },
};

/// A room that is as full as it ever gets.
pub const LARGE_ROOM: Blueprint = Blueprint {
    name: "large-room",
    about: "1,000 members in one room ([scale] members, where fewer are wanted), and a message that each must hear once",
    needs: &[],
    phase: Phase::Last,
    steps: |plan| {
        let Some(route) = plan.contract.routes.first() else { return Vec::new() };
        let mut steps = broadcast::observed_plainly(route);
        steps.extend([
            Step::Crowd { name: CROWD.to_owned(), room: route.room.clone() },
            send(route, "to all", "customer", "to all of you"),
            observer_heard(route, &["to all"]),
            // A server may still be telling the last of them when the first has heard it.
            heard(&[&format!("{CROWD}/*")], &[&to_all(route)]),
            Step::Settle { actors: Vec::new() },
        ]);
        steps
    },
};

/// The target is restarted under a member.
pub const RESTART: Blueprint = Blueprint {
    name: "restart",
    about: "per type a member and a message; a restart of the target; the members come back, join, and hear another message",
    needs: &[Capability::Restart],
    phase: Phase::End,
    steps: |plan| {
        vec![
            for_each_route(plan, broadcast::observed_plainly),
            Step::Restart,
            for_each_route(plan, |route| {
                let member = member(route);
                vec![
                    open(&member),
                    join(&member, &route.room),
                    send(route, "after", "someone new", "after the restart"),
                    observer_heard(route, &["after"]),
                ]
            }),
            super::settle(),
        ]
    },
};

/// The label of the message that everybody in the large room is to hear.
#[must_use]
pub fn to_all(route: &fixtures::Route) -> String {
    label_of(route, "to all")
}
