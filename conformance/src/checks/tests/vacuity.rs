//! Tests over all checks: none passes where nothing was observed, and the catalogue is complete.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use fixtures::{Contract, Coverage, requirements};
use serde_json::Value;

use crate::checks::{Check, all};
use crate::recording::tape::Tape;
use crate::recording::{Recording, TokenPlace, Transport, What};
use crate::scenario::{Scenario, Step};
use crate::scenarios::{Blueprint, Plan};
use crate::verdict::Outcome;

/// Every scenario of the catalogue under the built-in contract.
fn scenarios() -> Vec<(&'static Blueprint, Scenario)> {
    let contract = Contract::room_updates();
    let plan = Plan { contract: &contract, lacks: &[] };
    let checks: Vec<&'static Check> = all().collect();
    let blueprints = crate::run::blueprints(&checks).into_iter();
    blueprints.map(|blueprint| (blueprint, blueprint.scenario(&plan).unwrap())).collect()
}

/// A scenario performed against a backend that lets everybody in and then says nothing: no broadcast, no list, no answer
/// to anything but joining and leaving.
struct Silence {
    tape: Tape,
    open: BTreeSet<Arc<str>>,
}

impl Silence {
    fn performed(blueprint: &Blueprint, scenario: &Scenario) -> Tape {
        let mut silence = Self { tape: Tape::of(blueprint), open: BTreeSet::new() };
        silence.steps(&scenario.steps);
        silence.tape
    }

    fn steps(&mut self, steps: &[Step]) {
        for step in steps {
            self.step(step);
        }
    }

    fn step(&mut self, step: &Step) {
        let tape = &mut self.tape;
        match step {
            Step::Open { actor, transport, token, place, .. } => {
                let transport = transport.unwrap_or(Transport::Websocket);
                tape.shakes_hands(actor, transport, *token, place.unwrap_or(TokenPlace::Auth));
                tape.at(actor, What::Connected);
                self.open.insert(Arc::clone(actor));
            }
            Step::Upgrade { actor, during } => {
                self.steps(during);
                self.tape.at(actor, What::Upgraded);
            }
            Step::Join { actor, room } => drop(tape.joins(actor, room)),
            Step::Leave { actor, room } => drop(tape.leaves(actor, room)),
            Step::Ask { actor, request, args, .. } => drop(tape.emits(actor, request, args.clone())),
            Step::Emit { actor, event, args } => drop(tape.emits(actor, event, args.clone())),
            Step::Send { messages } => {
                for message in messages {
                    tape.sends_kind(message.kind, &message.from, &message.customer_type, &message.label);
                }
            }
            Step::Redeliver { label, again } => drop(tape.redelivers(label, again)),
            Step::Receipt { label, status } => {
                let customer_type = label.split('/').next().unwrap_or_default().to_owned();
                tape.happens(What::Receipt { customer_type, status: *status, refused: None });
            }
            Step::Settle { .. } => {
                let open: Vec<&str> = self.open.iter().map(|actor| &**actor).collect();
                tape.settles(&open);
            }
            Step::Clog { actor, .. } | Step::StopReading { actor } => drop(tape.at(actor, What::StoppedReading)),
            Step::ResumeReading { actor } => drop(tape.at(actor, What::ResumedReading)),
            Step::Close { actor } | Step::Drop { actor } => {
                tape.closes(actor, true);
                self.open.remove(actor);
            }
            Step::Raw { actor, .. } => drop(tape.at(actor, What::Malformed { text: "odd".to_owned() })),
            Step::Probe(probe) => drop(tape.is_not_answered(&probe.label)),
            Step::Deliver { message, .. } => {
                tape.sends_from(&message.from, &message.customer_type, &message.label);
                tape.is_answered(&message.label, 200, &[], "");
            }
            Step::FallSilent { actor } => drop(tape.at(actor, What::FellSilent)),
            Step::Crowd { name, room } => {
                for number in 1..=3 {
                    let actor = format!("{name}/{number}");
                    tape.opens(&actor).joins(&actor, room);
                    self.open.insert(actor.into());
                }
            }
            Step::Restart => drop(tape.happens(What::Restarted { took: Duration::from_secs(1) })),
            Step::LogOut => drop(tape.happens(What::LoggedOut)),
            Step::Reply { actor, to, text, .. } => {
                let (of, number) = (Arc::clone(to), "15550100000".to_owned());
                tape.at(actor, What::Replying { of, number, text: text.clone() });
            }
            Step::LogIn { login } => {
                tape.happens(What::LoginTried { login: *login, asked: false, status: None, reason: None });
            }
            Step::Page { actor, act } => {
                tape.page(actor, What::Acting { act: act.clone() }).page(actor, What::Acted { act: act.clone() });
            }
            Step::AwaitTraffic { .. } | Step::Shown { .. } => {}
            Step::Heard { .. } | Step::ProviderAsked { .. } | Step::Rest { .. } | Step::AwaitPing { .. } => {}
            Step::Together { branches } => branches.iter().for_each(|branch| self.steps(branch)),
        }
    }
}

/// The ids of the checks that pass for at least one subject.
fn passing(recordings: impl IntoIterator<Item = (&'static str, Recording)>) -> BTreeSet<&'static str> {
    let recordings: BTreeMap<&str, Recording> = recordings.into_iter().collect();
    let verdicts = all().flat_map(|check| check.judge_recording(&recordings[check.scenario.name]));
    verdicts.filter(|verdict| !verdict.outcome.is_red()).map(|verdict| verdict.id).collect()
}

#[test]
fn no_check_passes_on_an_empty_recording() {
    let nothing = |blueprint: &'static Blueprint| {
        let mut recording = Tape::of(blueprint).interrupted();
        recording.entries.clear();
        (blueprint.name, recording)
    };
    assert_eq!(passing(scenarios().into_iter().map(|(blueprint, _)| nothing(blueprint))), BTreeSet::new());
}

#[test]
fn no_check_passes_on_a_scenario_that_began_and_ended() {
    let empty = scenarios().into_iter().map(|(blueprint, _)| (blueprint.name, Tape::of(blueprint).ended()));
    assert_eq!(passing(empty), BTreeSet::new());
}

#[test]
fn in_silence_only_what_is_about_connecting_joining_and_accepting_passes() {
    let silent = scenarios()
        .into_iter()
        .map(|(blueprint, scenario)| (blueprint.name, Silence::performed(blueprint, &scenario).ended()));
    let expected = [
        "auth.token.auth",
        "auth.token.query",
        "ingress.prompt",
        "join.acknowledged",
        "join.private-answer",
        "transport.open.polling",
        "transport.open.websocket",
    ];
    assert_eq!(passing(silent), BTreeSet::from(expected));
}

#[test]
fn no_check_passes_on_an_interrupted_scenario() {
    for (blueprint, scenario) in scenarios() {
        let recording = Silence::performed(blueprint, &scenario).interrupted();
        for verdict in
            all().filter(|check| check.scenario.name == blueprint.name).flat_map(|c| c.judge_recording(&recording))
        {
            let Outcome::NotTested { reason, because: None } = &verdict.outcome else {
                panic!("{}: {:?}", verdict.name(), verdict.outcome);
            };
            assert!(reason.contains("was interrupted"), "{}: {reason}", verdict.name());
        }
    }
}

#[test]
fn a_stage_that_gave_up_is_the_suites_own_fault_in_every_verdict() {
    for (blueprint, scenario) in scenarios() {
        let mut tape = Silence::performed(blueprint, &scenario);
        tape.happens(What::Ended { error: Some("an awaited message was never sent".to_owned()) });
        let recording = tape.interrupted();
        for verdict in
            all().filter(|check| check.scenario.name == blueprint.name).flat_map(|c| c.judge_recording(&recording))
        {
            assert!(
                matches!(verdict.outcome, Outcome::HarnessError { .. }),
                "{}: {:?}",
                verdict.name(),
                verdict.outcome
            );
        }
    }
}

#[test]
fn what_the_target_lacks_is_not_applicable_and_nothing_else_is() {
    for (blueprint, scenario) in scenarios() {
        for check in all().filter(|check| check.scenario.name == blueprint.name) {
            for capability in check.needs.iter().chain(blueprint.needs) {
                let mut tape = Silence::performed(blueprint, &scenario);
                tape.lacking(capability.name());
                for verdict in check.judge_recording(&tape.ended()) {
                    let is_spared = matches!(verdict.outcome, Outcome::NotApplicable { .. });
                    assert!(is_spared, "{} without {capability}: {:?}", verdict.name(), verdict.outcome);
                }
            }
            let verdicts = check.judge_recording(&Silence::performed(blueprint, &scenario).ended());
            assert!(verdicts.iter().all(|verdict| !matches!(verdict.outcome, Outcome::NotApplicable { .. })));
        }
    }
}

#[test]
fn each_check_has_its_row_and_each_covered_row_its_check() {
    let checks: Vec<&str> = all().map(|check| check.id).collect();
    let covered = requirements::all().iter().filter(|row| row.coverage == Coverage::Check);
    assert_eq!(checks, covered.map(|row| row.id.as_str()).collect::<Vec<_>>(), "in the rows' order, each once");
}

#[test]
fn scenario_names_are_unique() {
    let mut abouts: BTreeMap<&str, &str> = BTreeMap::new();
    for check in all() {
        let about = abouts.entry(check.scenario.name).or_insert(check.scenario.about);
        assert_eq!(*about, check.scenario.about, "two scenarios are called {}", check.scenario.name);
    }
}

#[test]
fn each_scenario_comes_back_from_a_file_as_it_was() {
    for (blueprint, scenario) in scenarios() {
        let written: Value = serde_json::to_value(&scenario).unwrap();
        let read: Scenario = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), written, "{}", blueprint.name);
        assert_eq!(&*read.name, blueprint.name);
    }
}

#[test]
fn each_scenario_has_steps_and_names_only_actors_that_it_opens() {
    for (blueprint, scenario) in scenarios() {
        assert!(!scenario.steps.is_empty(), "{}", blueprint.name);
        Silence::performed(blueprint, &scenario); // panics at an actor that was never opened
    }
}
