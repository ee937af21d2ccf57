//! Performs one scenario by itself and judges it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::judge::{Judged, Violation, judge};
use crate::conversation::Conversation;
use crate::recording::{Recording, Transport};
use crate::run::Vigil;
use crate::scenario::Scenario;
use crate::scenarios::Plan;
use crate::stage::{Ground, Pace, Recorder, WireStage};
use crate::target::Capability;
use crate::verdict::too_busy;

/// The shortest time that a broadcast is given in a hurry.
const SHORTEST: Duration = Duration::from_millis(100);

/// How often a scenario is performed where this machine was too busy to tell what came of it.
const ATTEMPTS: usize = 3;

/// Performs scenarios on a ground, with fresh numbers and nonces each time.
#[derive(Clone)]
pub struct Performer {
    ground: Arc<Ground>,
    /// What is known of the target's pace; none in a hurry, where each performance begins anew.
    pace: Option<Arc<Pace>>,
    vigil: Arc<Vigil>,
    transport: Transport,
    strict: bool,
    delivery: Duration,
    lacks: Arc<[Capability]>,
}

/// A scenario that was performed.
#[derive(Debug)]
pub struct Performed {
    /// What happened.
    pub recording: Recording,
    /// What the model says of it.
    pub judged: Judged,
}

impl Performed {
    /// What it shows of this requirement's violation.
    #[must_use]
    pub fn violation(&self, requirement: &str) -> Option<&Violation> {
        self.judged.violations.iter().find(|violation| violation.requirement == requirement)
    }

    /// The recording as a conversation.
    #[must_use]
    pub fn conversation(&self) -> Conversation<'_> {
        let name = self.recording.entries.first().map_or("", |entry| &*entry.scenario);
        Conversation::new(&self.recording.header, name, &self.recording.entries)
    }
}

impl Performer {
    /// Performs on this ground; sockets whose step leaves it open connect by `transport`, and under `strict` SHOULD
    /// requirements count like MUST. From inside a tokio runtime.
    #[must_use]
    pub fn new(ground: Arc<Ground>, transport: Transport, strict: bool) -> Self {
        let delivery = ground.target.deadlines.delivery;
        let lacks = ground.target.lacking().keys().copied().collect();
        Self { ground, pace: Some(Arc::default()), vigil: Arc::new(Vigil::start()), transport, strict, delivery, lacks }
    }

    /// The same for many tries of what is known to fail: a broadcast is given a small part of its time, yet several times
    /// the longest that this target has taken so far. What is found so must be confirmed with the full time.
    #[must_use]
    pub fn in_a_hurry(&self) -> Self {
        let longest = self.pace.as_ref().map_or(self.delivery, |pace| pace.quiet() * 2);
        Self { pace: None, delivery: self.delivery.min(longest.max(SHORTEST)), ..self.clone() }
    }

    /// What scenarios depend on.
    #[must_use]
    pub fn plan(&self) -> Plan<'_> {
        Plan { contract: &self.ground.contract, lacks: &self.lacks }
    }

    /// Performs and judges; again where something seems violated while this machine had too little time for us, and without
    /// a verdict where it never had enough.
    pub async fn perform(&self, scenario: &Scenario) -> Performed {
        let mut attempt = 1;
        loop {
            let from = Instant::now();
            let mut performed = self.perform_once(scenario).await;
            let Some(violation) = performed.judged.violations.first() else { return performed };
            let Some(starved) = self.vigil.starved(from, Instant::now(), self.ground.target.deadlines.delivery) else {
                return performed;
            };
            if attempt == ATTEMPTS {
                let observed = format!("{}: {}", violation.requirement, violation.brief);
                performed.judged.untested.push(too_busy(&starved, &observed));
                performed.judged.violations.clear();
                return performed;
            }
            attempt += 1;
        }
    }

    async fn perform_once(&self, scenario: &Scenario) -> Performed {
        let pace = self.pace.clone().unwrap_or_default();
        let stage = WireStage::new(Arc::clone(&self.ground), pace, self.transport).with_delivery(self.delivery);
        let recorder = Recorder::start();
        let mut header = crate::run::header(&self.ground, &self.lacks);
        header.settings.delivery = self.delivery;
        stage.perform(scenario, recorder.scenario(Arc::clone(&scenario.name))).await;
        let recording = Recording { header, entries: recorder.entries() };
        let mut performed = Performed { recording, judged: Judged::default() };
        performed.judged = judge(&performed.conversation(), self.strict);
        performed
    }
}
