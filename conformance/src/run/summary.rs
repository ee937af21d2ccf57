//! From verdicts and the recording to the report: order, conclusion, latencies.

use std::collections::BTreeMap;
use std::time::Duration;

use fixtures::Level;

use super::event::{Conclusion, FORMAT, Latency, Report};
use super::selection::KnownFailures;
use crate::conversation::{Conversation, Message};
use crate::recording::{Recording, What};
use crate::verdict::{Outcome, Verdict, is_excused};
use crate::{checks, diagnosis};

/// What only the runner knows.
pub(super) struct Facts {
    pub took: Duration,
    pub scenarios: Vec<(String, Duration)>,
    pub waited: BTreeMap<&'static str, Duration>,
    pub interrupted: bool,
    pub notices: Vec<String>,
}

/// Builds the report.
pub(super) fn report(
    recording: &Recording,
    mut verdicts: Vec<Verdict>,
    strict: bool,
    known: &KnownFailures,
    facts: Facts,
) -> Report {
    let order: BTreeMap<&str, usize> = checks::all().enumerate().map(|(index, check)| (check.id, index)).collect();
    verdicts.sort_by_key(|verdict| order.get(verdict.id).copied());
    known.mark(&mut verdicts);
    let mut notices = facts.notices;
    let passing_again = known.passing_again(&verdicts);
    for known in &passing_again {
        notices
            .push(format!("`{}` is a known failure and passes: take it off the list ({})", known.name, known.reason));
    }
    for known in known.unmatched(&verdicts) {
        notices.push(format!(
            "`{}` is a known failure and names no verdict of this run: correct it, or take it off the list",
            known.name
        ));
    }
    let conclusion = if passing_again.is_empty() { conclude(&verdicts, strict) } else { Conclusion::Violates };
    let names = recording.scenarios();
    let conversations: Vec<Conversation<'_>> =
        names.iter().map(|name| Conversation::new(&recording.header, name, &recording.entries)).collect();
    Report {
        format: FORMAT,
        suite: recording.header.suite.clone(),
        target: recording.header.target.clone(),
        started: recording.header.started,
        took: facts.took,
        conclusion,
        strict,
        interrupted: facts.interrupted,
        diagnoses: diagnosis::diagnose(&conversations, &verdicts),
        latencies: latencies(&conversations, arrivals),
        shown: latencies(&conversations, showings),
        verdicts,
        scenarios: facts.scenarios,
        waited: facts.waited,
        notices,
    }
}

/// Violations outweigh what could not be tested. A SHOULD counts only under `--strict`. What a known failure explains is
/// excused; nothing excuses infrastructure.
fn conclude(verdicts: &[Verdict], strict: bool) -> Conclusion {
    let counts = |verdict: &&Verdict| verdict.level == Level::Must || (strict && verdict.level == Level::Should);
    let mut conclusion = Conclusion::Conforms;
    for verdict in verdicts.iter().filter(counts) {
        match &verdict.outcome {
            Outcome::Passed { .. } | Outcome::NotApplicable { .. } => {}
            Outcome::Violated { .. } if verdict.known.is_some() => {}
            Outcome::Violated { .. } => return Conclusion::Violates,
            Outcome::NotTested { .. } if is_excused(verdict, verdicts) => {}
            Outcome::NotTested { .. } | Outcome::HarnessError { .. } => conclusion = Conclusion::CouldNotTest,
        }
    }
    conclusion
}

/// What is measured of a message within a conversation: how long each of its arrivals took.
type Measure = fn(&Conversation<'_>, &Message<'_>, &fixtures::Route) -> Vec<Duration>;

/// How long messages took, by customer type, over all scenarios.
fn latencies(conversations: &[Conversation<'_>], measure: Measure) -> Vec<Latency> {
    let Some(first) = conversations.first() else { return Vec::new() };
    let of_route = |route: &fixtures::Route| {
        let mut times = Vec::new();
        for conversation in conversations {
            let own = |message: &&Message<'_>| message.sent.customer_type == route.customer_type;
            let messages = conversation.messages.iter().filter(own);
            times.extend(messages.flat_map(|message| measure(conversation, message, route)));
        }
        times.sort_unstable();
        let (median, max) = (*times.get(times.len() / 2)?, *times.last()?);
        Some(Latency { customer_type: route.customer_type.clone(), arrivals: times.len(), median, max })
    };
    first.contract().routes.iter().filter_map(of_route).collect()
}

/// How long each scenario of a recording took.
pub(super) fn scenario_times(recording: &Recording) -> Vec<(String, Duration)> {
    let mut times = Vec::new();
    for name in recording.scenarios() {
        let mut entries = recording.entries.iter().filter(|entry| entry.scenario == name);
        let began = entries.find(|entry| matches!(entry.what, What::Began)).map(|entry| entry.at);
        let ended = entries.find(|entry| matches!(entry.what, What::Ended { .. })).map(|entry| entry.at);
        if let (Some(began), Some(ended)) = (began, ended) {
            times.push((name.to_string(), ended - began));
        }
    }
    times
}

/// How long each connection waited for its first copy of a message; who had stopped reading waited by choice.
fn arrivals(conversation: &Conversation<'_>, message: &Message<'_>, route: &fixtures::Route) -> Vec<Duration> {
    let reading = conversation.connections.iter().filter(|connection| connection.stopped_reading.is_none());
    reading
        .filter_map(|connection| {
            let heard = conversation.heard_by(connection, message);
            let first = heard.into_iter().find(|heard| heard.event == route.event)?;
            Some(first.at.saturating_sub(message.starts()))
        })
        .collect()
}

/// How long each page took from the frame to the row that shows the message.
fn showings(conversation: &Conversation<'_>, message: &Message<'_>, route: &fixtures::Route) -> Vec<Duration> {
    let told = conversation.heard(message).into_iter().filter(|told| told.event == route.event);
    told.filter_map(|told| {
        let shown = conversation.page(&told.peer.actor).ok()?.shows(message)?;
        shown.at.checked_sub(told.at)
    })
    .collect()
}
