//! Whatever the script, the scenario makes sense.

use std::collections::{BTreeMap, BTreeSet};

use fixtures::Contract;

use super::*;
use crate::model::file;
use crate::model::generate::script;
use crate::target::Capability;

fn scripts(contract: &Contract, lacks: &[Capability], cases: u32) -> Vec<(Script, Scenario)> {
    let plan = Plan { contract, lacks };
    let lowered = |case| {
        let script = script(&plan, 11, case).unwrap();
        let scenario = scenario(&script, &plan);
        (script, scenario)
    };
    (0..cases).map(lowered).collect()
}

fn act(socket: usize, act: Act) -> Move {
    Move::Act { socket, act }
}

fn say(route: usize, kind: MessageKind, text: Option<&str>) -> Move {
    let text = text.map(str::to_owned);
    Move::Say(Saying { route, customer: 0, kind, text, awaited: true, to_nobody: true })
}

/// The steps in a word each: `open a`, `join a PartnerApp`, `heard a,b m1`.
fn told(moves: Vec<Move>) -> Vec<String> {
    let contract = Contract::room_updates();
    let script = Script { transports: vec![Transport::Websocket; 3], moves };
    scenario(&script, &Plan { contract: &contract, lacks: &[] }).steps.iter().map(word).collect()
}

fn word(step: &Step) -> String {
    match step {
        Step::Open { actor, .. } => format!("open {actor}"),
        Step::Join { actor, room } => format!("join {actor} {room}"),
        Step::Leave { actor, room } => format!("leave {actor} {room}"),
        Step::Emit { actor, event, .. } => format!("emit {actor} {event}"),
        Step::Drop { actor } => format!("drop {actor}"),
        Step::Raw { actor, .. } => format!("raw {actor}"),
        Step::StopReading { actor } => format!("stop {actor}"),
        Step::ResumeReading { actor } => format!("resume {actor}"),
        Step::Send { messages } => {
            let kinds: Vec<String> = messages.iter().map(|one| format!("{} {:?}", one.label, one.kind)).collect();
            format!("send {}", kinds.join(", "))
        }
        Step::Heard { actors, messages, .. } => format!("heard {} {}", actors.join(","), messages.join(",")),
        Step::Settle { actors } => format!("settle {}", actors.join(",")).trim_end().to_owned(),
        Step::Together { branches } => {
            let branch = |branch: &Vec<Step>| branch.iter().map(word).collect::<Vec<_>>().join("; ");
            format!("[{}]", branches.iter().map(branch).collect::<Vec<_>>().join(" | "))
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn every_generated_scenario_is_one_that_a_file_may_hold_and_ends_by_settling() {
    for contract in [Contract::room_updates(), Contract::order_board()] {
        for (_, scenario) in scripts(&contract, &[], 200) {
            let yaml = file::to_yaml(&scenario, &[]).unwrap();
            file::parse("generated.yaml", &yaml, &contract).unwrap_or_else(|error| panic!("{error}\n{yaml}"));
            assert!(matches!(scenario.steps.last(), Some(Step::Settle { actors }) if actors.is_empty()));
        }
    }
}

/// Follows a list of steps by itself, and checks that nobody acts who is not connected or does not read.
fn follow(steps: &[Step], connected: &mut BTreeMap<Actor, bool>) {
    for step in steps {
        match step {
            Step::Open { actor, .. } => {
                assert!(connected.insert(Arc::clone(actor), true).is_none(), "{actor} is connected already");
            }
            Step::Close { actor } | Step::Drop { actor } => {
                assert!(connected.remove(actor).is_some(), "{actor} is not connected");
            }
            Step::StopReading { actor } => assert_eq!(connected.insert(Arc::clone(actor), false), Some(true)),
            Step::ResumeReading { actor } => assert_eq!(connected.insert(Arc::clone(actor), true), Some(false)),
            Step::Join { actor, .. }
            | Step::Leave { actor, .. }
            | Step::Ask { actor, .. }
            | Step::Emit { actor, .. }
            | Step::Raw { actor, .. } => assert_eq!(connected.get(actor), Some(&true), "{step:?}"),
            Step::Heard { actors, .. } => {
                assert!(actors.iter().all(|actor| connected.get(actor) == Some(&true)), "{step:?}: {connected:?}");
            }
            Step::Together { branches } => {
                let before = connected.clone();
                for branch in branches {
                    let mut own = before.clone();
                    follow(branch, &mut own);
                    for actor in before.keys().chain(own.keys()).collect::<BTreeSet<_>>() {
                        if before.get(actor) != own.get(actor) {
                            match own.get(actor) {
                                Some(reads) => drop(connected.insert(Arc::clone(actor), *reads)),
                                None => drop(connected.remove(actor)),
                            }
                        }
                    }
                }
            }
            _ => {}
        }
    }
}

#[test]
fn nobody_acts_who_is_not_connected_and_nobody_is_waited_for_who_cannot_hear() {
    let contract = Contract::room_updates();
    for (script, scenario) in scripts(&contract, &[], 300) {
        let mut connected = BTreeMap::new();
        follow(&scenario.steps, &mut connected);
        assert!(connected.values().all(|reads| *reads), "everybody reads at the end: {script:?}");
    }
}

#[test]
fn who_acts_is_connected_first_and_members_are_waited_for() {
    let moves = vec![
        act(2, Act::Join(0)),
        act(1, Act::Join(1)),
        say(0, MessageKind::Text, Some("hello")),
        act(2, Act::Leave(0)),
        say(0, MessageKind::Text, Some("anybody?")),
    ];
    let expected = [
        "open a",
        "join a PartnerApp",
        "open b",
        "join b CustomerApp",
        "send m1 Text",
        "heard a m1",
        "leave a PartnerApp",
        "send m2 Text",
        "settle",
    ];
    assert_eq!(told(moves), expected);
}

#[test]
fn a_socket_that_goes_is_fenced_where_its_silence_could_tell_something() {
    let moves = vec![act(0, Act::Join(0)), act(0, Act::Reconnect), say(0, MessageKind::Text, None), act(0, Act::Drop)];
    let expected = ["open a", "join a PartnerApp", "drop a", "open a", "send m1 Text", "settle a", "drop a", "settle"];
    assert_eq!(told(moves), expected);
}

#[test]
fn a_message_without_words_is_sent_only_where_its_chat_is_known() {
    let wordless = say(0, MessageKind::Audio, None);
    let moves = vec![act(0, Act::Join(0)), wordless.clone(), wordless.clone(), Move::AtOnce(vec![vec![wordless]; 2])];
    let expected = [
        "open a",
        "join a PartnerApp",
        "send m1 Text",
        "heard a m1",
        "send m2 Audio",
        "heard a m2",
        "[send m3 Text; heard a m3 | send m4 Text; heard a m4]",
        "settle",
    ];
    assert_eq!(told(moves), expected);
}

#[test]
fn a_socket_that_two_branches_use_asks_without_waiting_and_is_settled_after() {
    let branches = vec![vec![act(0, Act::Join(0)), act(1, Act::Join(2))], vec![act(0, Act::Join(1))]];
    let moves = vec![
        act(0, Act::Open),
        Move::AtOnce(branches),
        say(0, MessageKind::Text, Some("for a")),
        say(2, MessageKind::Text, Some("for b")),
    ];
    let expected = [
        "open a",
        "[emit a join_room; open b; join b VendorApp | emit a join_room]",
        "settle a",
        "send m1 Text",
        "heard a m1",
        "send m2 Text",
        "heard b m2",
        "settle",
    ];
    assert_eq!(told(moves), expected);
}

#[test]
fn who_may_have_been_cut_off_is_dropped_and_who_stopped_reading_reads_again() {
    let moves = vec![act(0, Act::BadFrame(0)), act(1, Act::StopReading), act(0, Act::Join(0))];
    let expected =
        ["open a", "raw a", "open b", "stop b", "drop a", "open a", "join a PartnerApp", "resume b", "settle"];
    assert_eq!(told(moves), expected);
}
