//! Conversations about rooms: who gets in, and for how long.

use serde_json::{Value, json};

use super::{
    Blueprint, Phase, for_each_route, heard, join, label_of, leave, member, observer, observer_heard, open, send,
    settle,
};
use crate::scenario::{Actor, Step};
use crate::target::Capability;

/// Sockets with every kind of membership, and one message of each type.
pub const MEMBERSHIP: Blueprint = Blueprint {
    name: "membership",
    about: "sockets that joined twice, joined all rooms, left one, left none that they were in, left and came back, and \
            reconnected; then a message of each type",
    needs: &[],
    phase: Phase::Together,
    steps: |plan| {
        let routes = &plan.contract.routes;
        let join_all = |actor: &str| -> Vec<Step> { routes.iter().map(|route| join(actor, &route.room)).collect() };
        let mut branches = vec![[vec![open("several")], join_all("several")].concat()];
        let mut listeners: Vec<(String, Option<String>)> = vec![("several".to_owned(), None)];
        for route in routes {
            branches.push(observer(route));
            let twice = format!("twice/{}", route.customer_type);
            branches.push(vec![open(&twice), join(&twice, &route.room), join(&twice, &route.room)]);
            listeners.push((twice, Some(route.customer_type.clone())));
            // One goes as a good client does, the next one's line is cut.
            let again = format!("again/{}", route.customer_type);
            let actor = Actor::from(again.as_str());
            let end = if branches.len() % 2 == 0 { Step::Close { actor } } else { Step::Drop { actor } };
            branches.push(vec![open(&again), join(&again, &route.room), end, open(&again)]);
            if plan.can(Capability::Leave) {
                let left = format!("left/{}", route.customer_type);
                // Twice in the room that it leaves: joins are not counted.
                let again = join(&left, &route.room);
                branches.push([vec![open(&left)], join_all(&left), vec![again, leave(&left, &route.room)]].concat());
                let back = format!("back/{}", route.customer_type);
                branches.push(vec![
                    open(&back),
                    join(&back, &route.room),
                    leave(&back, &route.room),
                    join(&back, &route.room),
                ]);
                listeners.push((back, Some(route.customer_type.clone())));
            }
        }
        if plan.can(Capability::Leave) {
            let stray = |room: &str| [room, "NoSuchRoom", ""].map(|room| leave("stranger", room)).to_vec();
            let [first, .., last] = &routes[..] else { return Vec::new() };
            let before = [vec![open("stranger")], stray(&first.room), vec![join("stranger", &first.room)]].concat();
            branches.push([before, stray(&last.room)].concat());
            listeners.push(("stranger".to_owned(), Some(routes[0].customer_type.clone())));
        }
        let message = for_each_route(plan, |route| {
            let wait = |(actor, only): &(String, Option<String>)| {
                let concerned = only.as_ref().is_none_or(|only| *only == route.customer_type);
                concerned.then(|| Actor::from(actor.as_str()))
            };
            let mut actors: Vec<Actor> = listeners.iter().filter_map(wait).collect();
            actors.push(Actor::from(member(route)));
            let names: Vec<&str> = actors.iter().map(|actor| &**actor).collect();
            vec![send(route, "hello", "customer", "who hears this?"), heard(&names, &[&label_of(route, "hello")])]
        });
        vec![Step::Together { branches }, message, settle()]
    },
};

/// Joins of rooms that are none, and a message of each type that must not be heard for them.
pub const JOIN_UNKNOWN: Blueprint = Blueprint {
    name: "join-unknown",
    about: "joins of rooms that do not exist or are nobody's to join; then a message of each type",
    needs: &[],
    phase: Phase::Together,
    steps: |plan| {
        let room = &plan.contract.routes[0].room;
        let first = &plan.contract.routes[0];
        let known = label_of(first, "known");
        let mut names: Vec<String> =
            ["NoSuchRoom", "dashboard", "__proto__", "constructor", "toString", "*", "$sid:other"]
                .map(str::to_owned)
                .to_vec();
        names.push(format!("$chat_id:{known}"));
        for route in &plan.contract.routes {
            names.extend([
                route.room.to_lowercase(),
                format!(" {} ", route.room),
                format!("{}\u{0}", route.room),
                route.event.clone(),
            ]);
        }
        names.extend([room.to_uppercase(), format!("{room}/"), format!("{room},{room}")]);
        names.retain(|name| plan.contract.route_of_room(name).is_none());
        names.dedup();
        // Several sockets share the names, so that one missing answer does not hold up all of them.
        let probes = names.chunks(4).enumerate().map(|(index, names)| {
            let probe = format!("probe/{}", index + 1);
            let mut steps = vec![open(&probe)];
            steps.extend(names.iter().map(|name| join(&probe, name)));
            steps
        });
        let mut steps = vec![
            Step::Together { branches: vec![vec![open("other")], vec![for_each_route(plan, observer)]] },
            send(first, "known", "customer", "a chat whose id is known"),
            heard(&[&member(first)], &[&known]),
            Step::Together { branches: probes.collect() },
        ];
        steps.push(for_each_route(plan, |route| {
            vec![send(route, "hello", "customer", "not for strangers"), observer_heard(route, &["hello"])]
        }));
        steps.push(settle());
        steps
    },
};

/// Requests to join that are malformed, each on a connection of its own, followed by a good one.
pub const JOIN_MALFORMED: Blueprint = Blueprint {
    name: "join-malformed",
    about: "malformed requests to join, each on a connection of its own and followed by a good one",
    needs: &[],
    phase: Phase::Together,
    steps: |plan| {
        let exchange = &plan.contract.join;
        let room = &plan.contract.routes[0].room;
        let branches = malformed(room).into_iter().map(|(name, args)| {
            let actor = format!("malformed/{name}");
            let bad = Step::Ask {
                actor: Actor::from(actor.as_str()),
                request: exchange.request.clone(),
                args,
                answer: exchange.answer.clone().unwrap_or_default(),
            };
            vec![open(&actor), bad, join(&actor, room)]
        });
        vec![Step::Together { branches: branches.collect() }, settle()]
    },
};

/// Arguments that are no request to join.
pub(crate) fn malformed(room: &str) -> Vec<(&'static str, Vec<Value>)> {
    let deep = (0..100).fold(json!(room), |inner, _| json!({ "room": inner }));
    let deep_list = (0..100).fold(json!(room), |inner, _| json!([inner]));
    vec![
        ("no argument", vec![]),
        ("null", vec![Value::Null]),
        ("a number", vec![json!(42)]),
        ("a boolean", vec![json!(true)]),
        ("a list", vec![json!([room])]),
        ("an empty object", vec![json!({})]),
        ("room null", vec![json!({"room": null})]),
        ("room a number", vec![json!({"room": 42})]),
        ("room a list", vec![json!({"room": [room]})]),
        ("room empty", vec![json!({"room": ""})]),
        ("64 KiB of text", vec![json!({"room": "x".repeat(64 * 1024)})]),
        ("deep objects", vec![deep]),
        ("deep lists", vec![json!({"room": deep_list})]),
    ]
}
