//! Scenario files: a scenario as YAML, to be read by people, kept, and performed again.
//!
//! It is the scenario's own shape, nothing more: what this module adds is that a mistake is told by its file and line.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use fixtures::Contract;
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::scenario::{Actor, Scenario, Step};
use crate::target::Capability;

/// Why a scenario file was refused; the text names the file and the line.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file could not be read.
    #[error("cannot read the scenario {file}: {reason}; check the path, and that the file is UTF-8 text")]
    Read {
        /// The file, as given.
        file: String,
        /// What the system said.
        reason: String,
    },
    /// It is no YAML, or not a scenario's.
    #[error("{file}:{line}:{column}: {reason}")]
    Invalid {
        /// The file, as given.
        file: String,
        /// The line, from 1.
        line: u64,
        /// The column, from 1.
        column: u64,
        /// What is wrong, and what was expected.
        reason: String,
    },
}

/// A scenario whose steps know their lines.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    name: Arc<str>,
    #[serde(default)]
    needs: Vec<Capability>,
    steps: Vec<Spanned<Step>>,
}

/// A scenario as YAML, under comment lines.
///
/// # Errors
/// What the serialiser says; a scenario has nothing that YAML cannot hold.
pub fn to_yaml(scenario: &Scenario, comments: &[String]) -> Result<String, String> {
    let yaml = serde_saphyr::to_string(scenario).map_err(|error| error.to_string())?;
    let comments = comments.iter().flat_map(|comment| comment.lines()).map(|line| format!("# {line}\n"));
    Ok(comments.chain([yaml]).collect())
}

/// Reads a scenario file.
///
/// # Errors
/// [`FileError`] names the file and the line.
pub fn load(path: &Path, contract: &Contract) -> Result<Scenario, FileError> {
    let file = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&file, &text, contract),
        Err(error) => Err(FileError::Read { file, reason: error.to_string() }),
    }
}

/// Reads a scenario from text; `file` is the name that errors show.
///
/// # Errors
/// [`FileError::Invalid`] names the line.
pub fn parse(file: &str, text: &str, contract: &Contract) -> Result<Scenario, FileError> {
    let invalid = |line: u64, column: u64, reason: String| FileError::Invalid {
        file: file.to_owned(),
        line: line.max(1),
        column: column.max(1),
        reason,
    };
    let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
    let document: Document = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let (line, column) = error.location().map_or((1, 1), |place| (place.line(), place.column()));
        let words = error.to_string();
        let place = words.find(" at line ").or_else(|| words.find(", line ")).unwrap_or(words.len());
        invalid(line, column, words[..place].to_owned())
    })?;
    let mut known = Known { contract, actors: BTreeSet::new(), labels: BTreeSet::new() };
    document.steps.iter().for_each(|step| known.learn(&step.value));
    let mut seen = BTreeSet::new();
    for step in &document.steps {
        known
            .check(&step.value, &mut seen)
            .map_err(|reason| invalid(step.referenced.line(), step.referenced.column(), reason))?;
    }
    if document.steps.is_empty() {
        return Err(invalid(1, 1, "a scenario without steps; expected at least an `open` and a `send`".to_owned()));
    }
    let steps = document.steps.into_iter().map(|step| step.value).collect();
    Ok(Scenario { name: document.name, needs: document.needs, steps })
}

/// What the whole scenario speaks of. Within branches nobody knows what comes first, so names count wherever they stand.
struct Known<'c> {
    contract: &'c Contract,
    actors: BTreeSet<Actor>,
    labels: BTreeSet<Arc<str>>,
}

impl Known<'_> {
    fn learn(&mut self, step: &Step) {
        match step {
            Step::Open { actor, .. } => drop(self.actors.insert(Arc::clone(actor))),
            Step::Send { messages } => self.labels.extend(messages.iter().map(|message| Arc::clone(&message.label))),
            Step::Redeliver { again, .. } => drop(self.labels.insert(Arc::clone(again))),
            Step::Deliver { message, .. } => drop(self.labels.insert(Arc::clone(&message.label))),
            Step::Crowd { name, .. } => drop(self.actors.insert(format!("{name}/*").into())),
            Step::Upgrade { during, .. } => during.iter().for_each(|step| self.learn(step)),
            Step::Together { branches } => branches.iter().flatten().for_each(|step| self.learn(step)),
            _ => {}
        }
    }

    fn check(&self, step: &Step, seen: &mut BTreeSet<Arc<str>>) -> Result<(), String> {
        match step {
            Step::Send { messages } => {
                for message in messages {
                    self.customer_type(&message.customer_type)?;
                    new_label(&message.label, seen)?;
                }
                Ok(())
            }
            Step::Deliver { message, .. } => {
                self.customer_type(&message.customer_type)?;
                new_label(&message.label, seen)
            }
            Step::Redeliver { label, again } => self.label(label).and_then(|()| new_label(again, seen)),
            Step::Receipt { label, .. } | Step::ProviderAsked { to: label } => self.label(label),
            Step::Reply { actor, to, .. } => self.actor(actor).and_then(|()| self.label(to)),
            Step::Heard { actors, messages, .. } => {
                actors.iter().try_for_each(|actor| self.actor(actor))?;
                messages.iter().try_for_each(|label| self.label(label))
            }
            Step::Settle { actors } => actors.iter().try_for_each(|actor| self.actor(actor)),
            Step::Together { branches } => branches.iter().flatten().try_for_each(|step| self.check(step, seen)),
            Step::Upgrade { actor, during } => {
                self.actor(actor)?;
                during.iter().try_for_each(|step| self.check(step, seen))
            }
            Step::Join { actor, .. }
            | Step::Leave { actor, .. }
            | Step::Ask { actor, .. }
            | Step::Emit { actor, .. }
            | Step::Raw { actor, .. }
            | Step::AwaitPing { actor }
            | Step::FallSilent { actor }
            | Step::Clog { actor, .. }
            | Step::StopReading { actor }
            | Step::ResumeReading { actor }
            | Step::Close { actor }
            | Step::Drop { actor } => self.actor(actor),
            Step::Open { .. }
            | Step::Rest { .. }
            | Step::LogOut
            | Step::LogIn { .. }
            | Step::Probe(_)
            | Step::Crowd { .. }
            | Step::Restart
            | Step::Page { .. } => Ok(()),
            Step::Shown { messages, .. } => messages.iter().try_for_each(|label| self.label(label)),
        }
    }

    fn customer_type(&self, name: &str) -> Result<(), String> {
        let known: Vec<&str> = self.contract.routes.iter().map(|route| route.customer_type.as_str()).collect();
        match known.contains(&name) {
            true => Ok(()),
            false => Err(format!("the contract has no customer type `{name}`; expected one of {}", known.join(", "))),
        }
    }

    fn actor(&self, actor: &Actor) -> Result<(), String> {
        match self.actors.contains(actor) {
            true => Ok(()),
            false => Err(format!("nobody is called `{actor}`; expected an actor of some `open` step")),
        }
    }

    fn label(&self, label: &Arc<str>) -> Result<(), String> {
        match self.labels.contains(label) {
            true => Ok(()),
            false => Err(format!("no message is called `{label}`; expected the label of one that is sent")),
        }
    }
}

fn new_label(label: &Arc<str>, seen: &mut BTreeSet<Arc<str>>) -> Result<(), String> {
    match seen.insert(Arc::clone(label)) {
        true => Ok(()),
        false => Err(format!("a second message is called `{label}`; expected a label of its own for each")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{generate, lower};
    use crate::scenarios::Plan;

    const FILE: &str = "\
# why it is kept
name: twice
steps:
  - open:
      actor: a
      transport: polling
  - join: {actor: a, room: PartnerApp}
  - send:
      messages:
        - {label: m1, type: Partner, from: customer 1, text: hello}
  - heard: {actors: [a], messages: [m1]}
  - settle: {}
";

    fn read(text: &str) -> Result<Scenario, String> {
        parse("twice.yaml", text, &Contract::room_updates()).map_err(|error| error.to_string())
    }

    fn refused(from: &str, to: &str) -> String {
        assert!(FILE.contains(from), "{from}");
        read(&FILE.replacen(from, to, 1)).unwrap_err()
    }

    #[test]
    fn a_file_is_read_as_it_is_written() {
        let scenario = read(FILE).unwrap();
        assert_eq!((&*scenario.name, scenario.steps.len(), scenario.count()), ("twice", 5, 5));
        assert!(matches!(&scenario.steps[1], Step::Join { actor, room } if &**actor == "a" && room == "PartnerApp"));
        let yaml = to_yaml(&scenario, &["found at night,\nin the rain".to_owned()]).unwrap();
        assert!(yaml.starts_with("# found at night,\n# in the rain\nname: twice\n"), "{yaml}");
        assert!(!yaml.contains("null") && !yaml.contains("or_stop"), "defaults are left out: {yaml}");
        assert_eq!(read(&yaml).unwrap(), scenario);
    }

    #[test]
    fn any_generated_scenario_survives_being_written_and_read() {
        let contract = Contract::room_updates();
        let plan = Plan { contract: &contract, lacks: &[] };
        for case in 0..100 {
            let scenario = lower::scenario(&generate::script(&plan, 3, case).unwrap(), &plan);
            let yaml = to_yaml(&scenario, &[]).unwrap();
            assert_eq!(read(&yaml).unwrap_or_else(|error| panic!("{error}\n{yaml}")), scenario);
        }
    }

    #[test]
    fn a_mistake_is_told_by_its_line() {
        assert_eq!(
            refused("type: Partner", "type: Partnr"),
            "twice.yaml:8:5: the contract has no customer type `Partnr`; expected one of Partner, Customer, Vendor, SRDP"
        );
        assert_eq!(
            refused("join: {actor: a", "join: {actor: b"),
            "twice.yaml:7:5: nobody is called `b`; expected an actor of some `open` step"
        );
        assert_eq!(
            refused("messages: [m1]", "messages: [m2]"),
            "twice.yaml:11:5: no message is called `m2`; expected the label of one that is sent"
        );
        let again = "  - settle: {}\n  - redeliver: {label: m1, again: m1}\n";
        assert_eq!(
            refused("  - settle: {}\n", again),
            "twice.yaml:13:5: a second message is called `m1`; expected a label of its own for each"
        );
        assert!(refused("join:", "jion:").starts_with("twice.yaml:7:5: "), "{}", refused("join:", "jion:"));
        assert!(refused("  - settle: {}", "  - settle: {").starts_with("twice.yaml:1"));
    }
}
