//! Scenario files: a scenario as YAML, to be read by people, kept, and performed again.
//!
//! The format is the [timeline](fixtures::scenario)'s, which the mock performs too. Here a scenario becomes of it: what is
//! the mock's alone is left out, and so are waits, since a stage's own steps wait on conditions. A mistake is told by its
//! file and line.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fixtures::Contract;
use fixtures::scenario::{Leaf, Part, Performer, ScenarioError, Timeline};

use crate::conversation::evidence;
use crate::scenario::{Actor, Scenario, Step};

/// A scenario that was read from a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The scenario: what a stage performs.
    pub scenario: Scenario,
    /// What else the file has, which only the mock performs: in words, none where there is nothing.
    pub left_out: Option<String>,
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
/// [`ScenarioError`] names the file and the line.
pub fn load(path: &Path, contract: &Contract) -> Result<Loaded, ScenarioError> {
    Timeline::load(path).and_then(|timeline| loaded(&timeline, contract))
}

/// Reads a scenario from text; `file` is the name that errors show.
///
/// # Errors
/// [`ScenarioError::Invalid`] names the line.
pub fn parse(file: &str, text: &str, contract: &Contract) -> Result<Loaded, ScenarioError> {
    Timeline::parse(file, text).and_then(|timeline| loaded(&timeline, contract))
}

fn loaded(timeline: &Timeline, contract: &Contract) -> Result<Loaded, ScenarioError> {
    let mut reading = Reading::default();
    let steps = reading.steps(&timeline.parts)?;
    let mut known = Known { contract, actors: BTreeSet::new(), labels: BTreeSet::new() };
    reading.placed.iter().for_each(|(_, step)| known.learn(step));
    let mut seen = BTreeSet::new();
    for (leaf, step) in &reading.placed {
        known.check(step, &mut seen).map_err(|reason| leaf.error(reason))?;
    }
    let needs = timeline.needs.iter().map(Leaf::read).collect::<Result<_, _>>()?;
    let scenario = Scenario { name: timeline.name.as_str().into(), needs, steps };
    Ok(Loaded { scenario, left_out: reading.left_out() })
}

/// A timeline on its way to a scenario.
#[derive(Default)]
struct Reading<'t> {
    /// Every step with its place, those within branches one by one.
    placed: Vec<(&'t Leaf, Step)>,
    /// Steps of the mock's, by name.
    others: BTreeMap<&'t str, usize>,
    waits: Duration,
}

impl<'t> Reading<'t> {
    fn steps(&mut self, parts: &'t [Part]) -> Result<Vec<Step>, ScenarioError> {
        let mut steps = Vec::new();
        for part in parts {
            match part {
                Part::Wait(time) => self.waits += *time,
                Part::Step(leaf) if leaf.performer() == Performer::Mock => {
                    *self.others.entry(leaf.name()).or_default() += 1;
                }
                Part::Step(leaf) => {
                    let step: Step = leaf.read()?;
                    self.placed.push((leaf, step.clone()));
                    steps.push(step);
                }
                Part::Together(branches) => {
                    let branches = branches.iter().map(|branch| self.steps(branch)).collect::<Result<_, _>>()?;
                    steps.push(Step::Together { branches });
                }
            }
        }
        Ok(steps)
    }

    fn left_out(&self) -> Option<String> {
        let others = self.others.iter().map(|(name, count)| match count {
            1 => format!("`{name}`"),
            count => format!("`{name}` ({count} times)"),
        });
        let waits = (!self.waits.is_zero()).then(|| format!("waiting ({})", evidence::span(self.waits)));
        let all: Vec<String> = others.chain(waits).collect();
        (!all.is_empty()).then(|| all.join(", "))
    }
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
            | Step::StopReading { actor }
            | Step::ResumeReading { actor }
            | Step::Close { actor }
            | Step::Drop { actor } => self.actor(actor),
            Step::Clog { actor, behind, .. } => [actor, behind].into_iter().try_for_each(|actor| self.actor(actor)),
            Step::Open { .. }
            | Step::Rest { .. }
            | Step::LogOut
            | Step::LogIn { .. }
            | Step::Probe(_)
            | Step::Crowd { .. }
            | Step::Restart
            | Step::Page { .. }
            | Step::AwaitTraffic { .. } => Ok(()),
            Step::Shown { messages, .. } => {
                messages.iter().filter(|label| !label.ends_with('*')).try_for_each(|label| self.label(label))
            }
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
        let loaded = parse("twice.yaml", text, &Contract::room_updates());
        loaded.map(|loaded| loaded.scenario).map_err(|error| error.to_string())
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

    #[test]
    fn the_timelines_steps_and_these_have_the_same_names() {
        let refusal = serde_json::from_value::<Step>(serde_json::json!({"unknown": {}})).unwrap_err().to_string();
        let (_, names) = refusal.split_once("expected one of ").unwrap();
        let own: BTreeSet<&str> = names.split(", ").map(|name| name.trim_matches('`')).collect();
        let timelines = fixtures::scenario::STEPS.iter().filter(|(_, performer)| *performer != Performer::Mock);
        // That several go on at the same time is the timeline's to read.
        assert_eq!(own, timelines.map(|(name, _)| *name).chain(["together"]).collect());
    }

    #[test]
    fn what_only_the_mock_performs_is_left_out_and_named() {
        let more = "  - repeat: {times: 3, every: 1m, steps: [{drop-pages: {}}]}\n  - settle: {}\n";
        let text = FILE.replace("  - settle: {}\n", more);
        let loaded = parse("twice.yaml", &text, &Contract::room_updates()).unwrap();
        assert_eq!(loaded.scenario, read(FILE).unwrap());
        assert_eq!(loaded.left_out.as_deref(), Some("`drop-pages` (3 times), waiting (120 s)"));
    }

    #[test]
    fn the_built_in_scenarios_make_sense() {
        for (file, text) in fixtures::scenario::BUILT_IN {
            let loaded = parse(file, text, &Contract::room_updates()).unwrap_or_else(|error| panic!("{error}"));
            assert!(loaded.scenario.sends_messages(), "{file}");
        }
    }
}
