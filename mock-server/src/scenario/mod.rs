//! What the mock performs of a scenario file: customers' messages, faults, the flow, dropped pages, each at its time.
//!
//! Everything is checked before anything is played, and an error names file and line. Steps that are the suite's (it opens
//! connections of its own, the mock has real pages) are left out and named. Nothing is played here.

mod numbers;

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use fixtures::Contract;
use fixtures::scenario::{Leaf, Message, Part, Performer, ScenarioError, Timeline};
use fixtures::webhooks::{MessageKind, ReceiptStatus};
use serde::Deserialize;

use crate::faults::{self, Fault};
use crate::outgoing::Dropping;
use crate::valve::{LONGEST_MS, Setting};
use numbers::Numbers;

/// A scenario that the mock can play.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// See [`Scenario::name`].
    pub(crate) name: String,
    /// What it is.
    pub(crate) about: Option<String>,
    /// The file, as it was given.
    pub(crate) file: String,
    /// What happens, in the order of time.
    pub(crate) moments: Vec<Moment>,
    /// How long it takes, at its own speed.
    pub(crate) length: Duration,
    /// Steps that are not the mock's: by name, how many, and the line of the first.
    pub(crate) left_out: BTreeMap<String, (usize, u64)>,
}

/// Something that happens at a time.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    /// When, from the start.
    pub at: Duration,
    /// The line of its step.
    pub line: u64,
    /// What.
    pub act: Act,
}

/// What the mock can do.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Customers write, in one webhook body for each customer type.
    Write(Vec<Writing>),
    /// The provider delivers a message again; its label.
    Redeliver(Arc<str>),
    /// A customer's phone tells how far a message has come; its label.
    Receipt(Arc<str>, ReceiptStatus),
    /// A fault begins, for ever or for so many times.
    SwitchOn(&'static Fault, Option<u64>),
    /// A fault ends.
    SwitchOff(&'static Fault),
    /// What is sent to pages flows otherwise.
    Flow(Setting),
    /// All pages lose their connection.
    DropPages(Dropping),
}

/// A message that a customer writes.
#[derive(Debug, Clone)]
pub(crate) struct Writing {
    /// Its name within the scenario.
    pub label: Arc<str>,
    /// The customer's type.
    pub customer_type: String,
    /// The customer's number: digits.
    pub number: String,
    /// What the customer is called.
    pub name: String,
    /// What kind of message.
    pub kind: MessageKind,
    /// What it says.
    pub text: Option<String>,
}

/// The steps as they stand in a file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Step {
    Send {
        messages: Vec<Message>,
    },
    Redeliver {
        label: Arc<str>,
        again: Arc<str>,
    },
    Receipt {
        label: Arc<str>,
        status: ReceiptStatus,
    },
    SwitchOn {
        fault: String,
        count: Option<u64>,
    },
    SwitchOff {
        fault: String,
    },
    Flow(Setting),
    DropPages {
        #[serde(default)]
        how: Dropping,
    },
}

impl Scenario {
    /// How many times as fast as its file says a scenario can be played.
    pub const SPEEDS: RangeInclusive<f64> = 0.001..=100_000.0;

    /// What the mock performs of a timeline from this file, with the types of this contract.
    ///
    /// # Errors
    /// [`ScenarioError`] names the file and the line of a step that makes no sense.
    pub fn of(timeline: &Timeline, file: &str, contract: &Contract) -> Result<Self, ScenarioError> {
        let mut reading = Reading {
            contract,
            numbers: Numbers::of(&timeline.name),
            labels: HashSet::new(),
            moments: Vec::new(),
            left_out: BTreeMap::new(),
        };
        let length = reading.parts(&timeline.parts, Duration::ZERO)?;
        let Reading { mut moments, left_out, .. } = reading;
        // Stable: what happens at the same time keeps the file's order.
        moments.sort_by_key(|moment| moment.at);
        Ok(Self {
            name: timeline.name.clone(),
            about: timeline.about.clone(),
            file: file.to_owned(),
            moments,
            length,
            left_out,
        })
    }

    /// The scenarios that are compiled in, as far as they speak of this contract's customer types.
    #[must_use]
    pub fn built_in(contract: &Contract) -> Vec<Self> {
        let read = |(file, text): (&str, &str)| {
            let timeline = Timeline::parse(file, text).ok()?;
            Self::of(&timeline, file, contract).ok()
        };
        fixtures::scenario::BUILT_IN.into_iter().filter_map(read).collect()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many messages customers write.
    pub(crate) fn messages(&self) -> usize {
        let written = |moment: &Moment| if let Act::Write(messages) = &moment.act { messages.len() } else { 0 };
        self.moments.iter().map(written).sum()
    }
}

impl fmt::Display for Scenario {
    /// `busy-morning: 500 messages in 1h 27m; left out, as only conformance replay performs it: heard (500 times)`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = jiff::SignedDuration::from_secs(i64::try_from(self.length.as_secs()).unwrap_or(i64::MAX));
        write!(formatter, "{}: {} messages in {length:#}", self.name, self.messages())?;
        let left_out = self.left_out.iter().map(|(step, (count, line))| match count {
            1 => format!("{step} (line {line})"),
            count => format!("{step} ({count} times, from line {line})"),
        });
        match Vec::from_iter(left_out).join(", ") {
            none if none.is_empty() => Ok(()),
            all => write!(formatter, "; left out, as only `conformance replay` performs it: {all}"),
        }
    }
}

/// A timeline on its way to moments.
struct Reading<'c> {
    contract: &'c Contract,
    numbers: Numbers,
    /// Which messages were named so far.
    labels: HashSet<Arc<str>>,
    moments: Vec<Moment>,
    left_out: BTreeMap<String, (usize, u64)>,
}

impl Reading<'_> {
    /// Reads what begins at a time, and tells when it ends.
    fn parts(&mut self, parts: &[Part], start: Duration) -> Result<Duration, ScenarioError> {
        let mut at = start;
        for part in parts {
            match part {
                Part::Wait(time) => at += *time,
                Part::Together(branches) => {
                    let mut last = at;
                    for branch in branches {
                        last = last.max(self.parts(branch, at)?);
                    }
                    at = last;
                }
                Part::Step(leaf) if leaf.performer() == Performer::Suite => {
                    self.left_out.entry(leaf.name().to_owned()).or_insert((0, leaf.line())).0 += 1;
                }
                Part::Step(leaf) => {
                    let act = self.act(leaf)?;
                    self.moments.push(Moment { at, line: leaf.line(), act });
                }
            }
        }
        Ok(at)
    }

    fn act(&mut self, leaf: &Leaf) -> Result<Act, ScenarioError> {
        match leaf.read()? {
            Step::Send { messages } => {
                messages.into_iter().map(|it| self.writing(leaf, it)).collect::<Result<_, _>>().map(Act::Write)
            }
            Step::Redeliver { label, again } => {
                self.known(leaf, &label)?;
                // The suite tells the two apart; for the mock they are the same message.
                self.labels.insert(again);
                Ok(Act::Redeliver(label))
            }
            Step::Receipt { label, status } => {
                self.known(leaf, &label)?;
                Ok(Act::Receipt(label, status))
            }
            Step::SwitchOn { count: Some(0), .. } => Err(leaf.error("count: expected at least 1")),
            Step::SwitchOn { fault, count } => Ok(Act::SwitchOn(switchable(leaf, &fault)?, count)),
            Step::SwitchOff { fault } => Ok(Act::SwitchOff(switchable(leaf, &fault)?)),
            Step::Flow(setting) if setting.delay_ms.max(setting.reorder_ms) > LONGEST_MS => {
                Err(leaf.error(format!("expected a delay_ms and a reorder_ms of at most {LONGEST_MS}, ten minutes")))
            }
            Step::Flow(setting) => Ok(Act::Flow(setting)),
            Step::DropPages { how } => Ok(Act::DropPages(how)),
        }
    }

    fn writing(&mut self, leaf: &Leaf, message: Message) -> Result<Writing, ScenarioError> {
        let Message { label, customer_type, from, kind, text } = message;
        let known: Vec<&str> = self.contract.routes.iter().map(|route| route.customer_type.as_str()).collect();
        if !known.contains(&customer_type.as_str()) {
            let known = known.join(", ");
            return Err(
                leaf.error(format!("the contract has no customer type `{customer_type}`; expected one of {known}"))
            );
        }
        if !self.labels.insert(Arc::clone(&label)) {
            return Err(
                leaf.error(format!("a second message is called `{label}`; expected a label of its own for each"))
            );
        }
        let number = self.numbers.of_customer(&customer_type, &from);
        Ok(Writing { label, customer_type, number, name: from.to_string(), kind, text })
    }

    fn known(&self, leaf: &Leaf, label: &Arc<str>) -> Result<(), ScenarioError> {
        if self.labels.contains(label) {
            return Ok(());
        }
        Err(leaf.error(format!("no message before is called `{label}`; expected the label of one that is sent")))
    }
}

fn switchable(leaf: &Leaf, id: &str) -> Result<&'static Fault, ScenarioError> {
    let fault = faults::find(id).map_err(|error| leaf.error(error.to_string()))?;
    if fault.is_from_start_only() {
        return Err(leaf.error(format!("{id} changes how the server listens: start the mock with --fault {id}")));
    }
    Ok(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(steps: &str) -> Result<Scenario, String> {
        let text = format!("name: small\nsteps:\n{steps}");
        let timeline = Timeline::parse("small.yaml", &text).map_err(|error| error.to_string())?;
        Scenario::of(&timeline, "small.yaml", &Contract::room_updates()).map_err(|error| error.to_string())
    }

    #[test]
    fn branches_begin_together_and_what_follows_them_waits_for_the_longest() {
        let send = |label| format!("send: {{messages: [{{label: {label}, type: Vendor, from: A, text: Hi}}]}}");
        let (a, b, c) = (send("a"), send("b"), send("c"));
        let steps = format!(
            "  - wait: 1s\n  - together:\n      branches:\n        - - wait: 5s\n          - {a}\n        - - wait: 2s\n          - {b}\n  - {c}\n  - wait: 1s\n"
        );
        let scenario = read(&steps).unwrap();
        let told = scenario.moments.iter().map(|moment| match &moment.act {
            Act::Write(messages) => (moment.at.as_secs(), messages[0].label.to_string()),
            other => panic!("{other:?}"),
        });
        assert_eq!(Vec::from_iter(told), [(3, "b".to_owned()), (6, "a".to_owned()), (6, "c".to_owned())]);
        assert_eq!(scenario.length, Duration::from_secs(7));
    }

    #[test]
    fn a_step_that_makes_no_sense_is_told_by_its_line() {
        let message = "label: a, type: Partner, from: A, text: Hi";
        for (steps, expected) in [
            (
                "  - send: {messages: [{label: a, type: Partnr, from: A}]}\n".to_owned(),
                "the contract has no customer type `Partnr`",
            ),
            ("  - redeliver: {label: a, again: b}\n".to_owned(), "no message before is called `a`"),
            (format!("  - send: {{messages: [{{{message}}}, {{{message}}}]}}\n"), "a second message is called `a`"),
            ("  - switch-on: {fault: brodcast-twice}\n".to_owned(), "did you mean broadcast-twice?"),
            ("  - switch-on: {fault: broadcast-twice, count: 0}\n".to_owned(), "count: expected at least 1"),
            ("  - flow: {delay: 5}\n".to_owned(), "unknown field `delay`, expected one of `paused`"),
            ("  - flow: {delay_ms: 600001}\n".to_owned(), "at most 600000"),
            ("  - drop-pages: {how: gently}\n".to_owned(), "unknown variant `gently`, expected `cut` or `disconnect`"),
        ] {
            let said = read(&steps).unwrap_err();
            assert!(said.starts_with("small.yaml:3:") && said.contains(expected), "{steps}{said}");
        }
    }

    #[test]
    fn the_steps_of_files_and_these_have_the_same_names() {
        let refusal = serde_json::from_str::<Step>(r#"{"unknown": {}}"#).unwrap_err().to_string();
        for (name, performer) in fixtures::scenario::STEPS {
            assert_eq!(refusal.contains(&format!("`{name}`")), performer != Performer::Suite, "{name}: {refusal}");
        }
    }

    #[test]
    fn the_built_in_scenarios_can_be_played_and_say_what_is_left_out() {
        let all = Scenario::built_in(&Contract::room_updates());
        assert_eq!(all.len(), fixtures::scenario::BUILT_IN.len());
        let busy = all.iter().find(|scenario| scenario.name == "busy-morning").unwrap();
        let said = busy.to_string();
        assert!(said.starts_with("busy-morning: 500 messages in 1h "), "{said}");
        assert!(said.contains("heard (500 times, from line ") && said.contains("open (line "), "{said}");
        assert!(Scenario::built_in(&Contract::order_board()).is_empty(), "none speaks of that contract's types");
    }
}
