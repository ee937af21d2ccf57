//! The second stage: the broadcast scenarios once more, heard by a client that we did not write.
//!
//! Its verdicts stand nowhere by themselves. They are compared with those of the suite's own client, and what the two heard
//! of one broadcast is compared too. Where they differ, at least one of the clients is wrong, or the backend does not do the
//! same twice: nobody's verdict is to be trusted then.

use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;

use super::starvation::TRIES;
use super::{Run, blueprints, loss};
use crate::checks::Check;
use crate::conversation::{Conversation, Delivery, evidence};
use crate::recording::Peer;
use crate::scenario::Step;
use crate::scenarios::Plan;
use crate::stage::{Recorder, WireStage};
use crate::verdict::{Outcome, Verdict};

/// What it is called in reports.
const NAME: &str = "rust_socketio";

impl Run<'_> {
    /// Performs again what a good client can perform. Gives a sentence on what was compared, and adds a verdict for each
    /// difference.
    pub(super) async fn hear_witness(&mut self, plan: &Plan<'_>) -> String {
        let checks: Vec<&'static Check> = self.options.checks.iter().copied().filter(is_heard).collect();
        let recorder = Recorder::start();
        let (mut verdicts, mut alike, mut differing) = (0, 0, Vec::new());
        for blueprint in blueprints(&checks) {
            let Some(scenario) = blueprint.scenario(plan).filter(|scenario| is_plain(&scenario.steps)) else {
                continue;
            };
            for _ in 0..=TRIES {
                let stage = WireStage::new(Arc::clone(self.ground), Arc::clone(&self.pace), self.options.transport);
                let log = recorder.scenario(Arc::clone(&scenario.name));
                let start = Instant::now();
                stage.by_witness().perform(&scenario, Arc::clone(&log)).await;
                if loss::saw_trouble(&log) && loss::note_loss(self.ground, &log).await {
                    return format!("{NAME} was not compared: the target went away while it listened");
                }
                // What comes late to one of them by this machine's doing is no difference.
                if self.vigil.starved(start, Instant::now(), self.header.settings.delivery).is_none() {
                    break;
                }
            }
            let entries = recorder.entries_of(blueprint.name);
            let conversation = Conversation::new(&self.header, blueprint.name, &entries);
            for check in checks.iter().filter(|check| reads(check, blueprint.name)) {
                for heard in check.judge(&conversation) {
                    verdicts += 1;
                    differing.extend(compare(&self.verdicts, heard));
                }
            }
            let (equal, different) = payloads(&conversation);
            alike += equal;
            let own =
                self.verdicts.iter().find(|own| checks.iter().any(|it| it.id == own.id && reads(it, blueprint.name)));
            differing.extend(different.zip(own).map(|(reason, own)| disagreement(own, reason)));
        }
        let notice = match differing.len() {
            0 => format!("{NAME} heard the same: {verdicts} verdicts, and {alike} broadcasts word for word"),
            many => format!("{NAME} heard something else: {many} of {verdicts} verdicts differ"),
        };
        self.verdicts.extend(differing);
        notice
    }
}

/// Compares a verdict with that of the suite's own client; gives one that says how they differ.
fn compare(verdicts: &[Verdict], heard: Verdict) -> Option<Verdict> {
    let own = verdicts.iter().find(|own| own.id == heard.id && own.subject == heard.subject)?;
    (class(&own.outcome) != class(&heard.outcome)).then(|| {
        let (own, other) = (said(&own.outcome), said(&heard.outcome));
        let reason = format!("the suite's own client and {NAME} do not agree: {own}; {NAME}: {other}");
        disagreement(&heard, reason)
    })
}

/// How many broadcasts the two clients heard alike within one conversation, and the first that they did not. (Those of its
/// good members who connect by WebSocket are the other client's, those who poll are ours.)
fn payloads(conversation: &Conversation<'_>) -> (usize, Option<String>) {
    // The other client tells no handshake.
    let is_own = |peer: &Peer| {
        conversation.connections.iter().any(|connection| connection.peer == peer && connection.handshake.is_some())
    };
    let mut alike = 0;
    for heard in conversation.deliveries.iter().filter(|delivery| !is_own(delivery.peer)) {
        let same = |own: &&Delivery<'_>| own.nonce == heard.nonce && own.event == heard.event && is_own(own.peer);
        let own: Vec<&Delivery<'_>> = conversation.deliveries.iter().filter(same).collect();
        if own.iter().any(|own| own.args == heard.args) {
            alike += 1;
        } else if let Some(own) = own.first() {
            let (own, other) = (shown(own.args), shown(heard.args));
            return (alike, Some(format!("`{}` reads {own}, and by {NAME} {other}", heard.event)));
        }
    }
    (alike, None)
}

fn shown(args: &[Value]) -> String {
    args.iter().map(|arg| evidence::brief(arg, 200)).collect::<Vec<_>>().join(", ")
}

fn reads(check: &Check, scenario: &str) -> bool {
    check.scenario.name == scenario
}

fn disagreement(about: &Verdict, reason: String) -> Verdict {
    let by = format!("by {NAME}");
    let subject = about.subject.as_ref().map_or_else(|| by.clone(), |subject| format!("{subject}, {by}"));
    Verdict {
        id: about.id,
        subject: Some(subject),
        level: about.level,
        outcome: Outcome::HarnessError { reason },
        known: None,
    }
}

/// Whether a check is about what is heard.
fn is_heard(check: &&'static Check) -> bool {
    ["broadcast.", "payload."].iter().any(|area| check.id.starts_with(area))
}

/// Whether good clients can do all of it, and no crowd is needed.
fn is_plain(steps: &[Step]) -> bool {
    steps.iter().all(|step| match step {
        Step::Together { branches } => branches.iter().all(|branch| is_plain(branch)),
        Step::Upgrade { .. }
        | Step::Clog { .. }
        | Step::StopReading { .. }
        | Step::ResumeReading { .. }
        | Step::Raw { .. }
        | Step::AwaitPing { .. }
        | Step::FallSilent { .. }
        | Step::Crowd { .. }
        | Step::Restart
        | Step::Page { .. }
        | Step::AwaitTraffic { .. }
        | Step::Shown { .. } => false,
        _ => true,
    })
}

fn class(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::Passed { .. } => 0,
        Outcome::Violated { .. } => 1,
        Outcome::NotTested { .. } => 2,
        Outcome::NotApplicable { .. } => 3,
        Outcome::HarnessError { .. } => 4,
    }
}

fn said(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Passed { .. } => "passed".to_owned(),
        Outcome::Violated { finding } => format!("violated, {}", finding.observed),
        Outcome::NotTested { reason, .. } => format!("not tested, {reason}"),
        Outcome::NotApplicable { reason } => format!("not applicable, {reason}"),
        Outcome::HarnessError { reason } => format!("broken, {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::tape::Tape;
    use crate::recording::{TokenPlace, TokenUse, Transport, What};
    use crate::scenarios::ONE_MESSAGE_PER_TYPE;

    /// A message that a member of ours and one of the other client's hear.
    fn heard(ours: &str, theirs: &str) -> (usize, Option<String>) {
        let mut tape = Tape::of(&ONE_MESSAGE_PER_TYPE);
        tape.opens_by("polls", Transport::Polling).joins("polls", "PartnerApp");
        tape.opening("witness", Transport::Websocket, TokenUse::Good, TokenPlace::Auth).at("witness", What::Connected);
        tape.joins("witness", "PartnerApp").sends("Partner", "Partner/1");
        let mut summary = tape.summary("Partner/1");
        for (actor, status) in [("polls", ours), ("witness", theirs)] {
            summary["status"] = status.into();
            tape.hears(actor, "room_update", vec![summary.clone()]);
        }
        let recording = tape.ended();
        payloads(&Conversation::new(&recording.header, ONE_MESSAGE_PER_TYPE.name, &recording.entries))
    }

    #[test]
    fn a_broadcast_that_both_heard_alike_is_counted() {
        assert_eq!(heard("active", "active"), (1, None));
    }

    #[test]
    fn a_broadcast_that_they_heard_otherwise_is_shown() {
        let (alike, difference) = heard("active", "resolved");
        assert_eq!(alike, 0);
        let difference = difference.unwrap();
        assert!(difference.starts_with("`room_update` reads {") && difference.contains(", and by rust_socketio {"));
    }

    #[test]
    fn verdicts_of_different_outcomes_make_one_that_says_so() {
        let verdict = |outcome| Verdict {
            id: "broadcast.delivered",
            subject: Some("Partner".to_owned()),
            level: fixtures::Level::Must,
            outcome,
            known: None,
        };
        let passed = |observations| verdict(Outcome::Passed { observations });
        let missed = verdict(Outcome::NotTested { reason: "nobody was there".to_owned(), because: None });
        assert_eq!(compare(&[passed(1)], passed(2)), None);
        let difference = compare(&[passed(1)], missed).unwrap();
        assert_eq!(difference.name(), "broadcast.delivered [Partner, by rust_socketio]");
        let Outcome::HarnessError { reason } = difference.outcome else { panic!("{difference:?}") };
        assert!(reason.ends_with("do not agree: passed; rust_socketio: not tested, nobody was there"), "{reason}");
    }
}
