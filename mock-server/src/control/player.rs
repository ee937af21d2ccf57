//! The scenario player: plays one scenario at a time, at any speed, and leaves things as it found them.
//!
//! Messages go in by the mock's own front door, as those of the console's phones do. What cannot be done is noted in the
//! log with its file and line, and the scenario goes on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fixtures::webhooks::{self, Inbound};
use tokio::sync::watch;
use tokio::time::Instant;

use super::Control;
use super::api::{end_connections, let_flow, switch_off, switch_on};
use super::log::{Happening, Kind};
use crate::faults::Fault;
use crate::rest::Problem;
use crate::scenario::{Act, Moment, Scenario, Writing};
use crate::transport::OnConnection;
use crate::valve::Setting;

/// The scenarios that there are, and the one that is played.
pub(crate) struct Player {
    scenarios: Mutex<Vec<Arc<Scenario>>>,
    playing: watch::Sender<Playing>,
}

/// What is played, and how far it has come.
#[derive(Debug, Clone)]
pub(crate) struct Playing {
    /// What is played, or was last.
    pub scenario: Option<Arc<Scenario>>,
    /// Whether it is to be played on.
    pub on: bool,
    /// How many moments are over.
    pub done: usize,
    /// What could not be done, the last of it.
    pub trouble: Option<String>,
    /// Where its own clock stands.
    pub clock: Clock,
    /// Counts the plays: the same scenario again is another one.
    play: u64,
}

/// A clock of another speed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    since: Instant,
    at: Duration,
    speed: f64,
}

impl Clock {
    fn start(speed: f64) -> Self {
        Self { since: Instant::now(), at: Duration::ZERO, speed }
    }

    /// What it shows.
    pub(crate) fn now(&self) -> Duration {
        self.at + self.since.elapsed().mul_f64(self.speed)
    }

    /// How fast it goes.
    pub(crate) fn speed(&self) -> f64 {
        self.speed
    }

    fn set_speed(&mut self, speed: f64) {
        *self = Self { since: Instant::now(), at: self.now(), speed };
    }

    /// When it will show this.
    fn when(&self, at: Duration) -> Instant {
        self.since + at.saturating_sub(self.at).div_f64(self.speed)
    }
}

impl Player {
    /// With these scenarios; `first` is played from the start.
    pub(crate) fn new(built_in: Vec<Scenario>, first: Option<Scenario>, speed: f64) -> Self {
        let first = first.map(Arc::new);
        let others = built_in.into_iter().filter(|own| first.as_ref().is_none_or(|first| first.name != own.name));
        let scenarios = first.iter().cloned().chain(others.map(Arc::new)).collect();
        let on = first.is_some();
        let playing = Playing { scenario: first, on, done: 0, trouble: None, clock: Clock::start(speed), play: 0 };
        Self { scenarios: Mutex::new(scenarios), playing: watch::Sender::new(playing) }
    }

    /// The scenarios that can be played.
    pub(crate) fn scenarios(&self) -> Vec<Arc<Scenario>> {
        self.own().clone()
    }

    fn own(&self) -> MutexGuard<'_, Vec<Arc<Scenario>>> {
        self.scenarios.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is played, and how far it has come.
    pub(crate) fn playing(&self) -> Playing {
        self.playing.borrow().clone()
    }

    /// Plays a scenario from its beginning, in the place of another one that is being played.
    pub(crate) fn play(&self, scenario: Arc<Scenario>, speed: f64) {
        self.playing.send_modify(|playing| {
            let (clock, play) = (Clock::start(speed), playing.play + 1);
            *playing = Playing { scenario: Some(scenario), on: true, done: 0, trouble: None, clock, play };
        });
    }

    /// Plays on at another speed.
    pub(crate) fn set_speed(&self, speed: f64) {
        self.playing.send_modify(|playing| playing.clock.set_speed(speed));
    }

    /// Plays no longer.
    pub(crate) fn stop(&self) {
        self.playing.send_modify(|playing| playing.on = false);
    }

    /// Takes an edited scenario in the place of the one of the same file. Where that is being played, it begins anew.
    pub(crate) fn replace(&self, scenario: Scenario) {
        let scenario = Arc::new(scenario);
        for own in self.own().iter_mut().filter(|own| own.file == scenario.file) {
            *own = Arc::clone(&scenario);
        }
        let playing = self.playing();
        if playing.on && playing.scenario.is_some_and(|own| own.file == scenario.file) {
            self.play(scenario, playing.clock.speed());
        }
    }

    /// Notes how far a play has come, which wakes nobody; nothing where another one has begun.
    fn progress(&self, play: u64, change: impl FnOnce(&mut Playing)) {
        self.playing.send_if_modified(|playing| {
            if playing.play == play {
                change(playing);
            }
            false
        });
    }
}

/// Plays what is wanted, for as long as the server runs.
pub(crate) async fn run(control: Arc<Control>) {
    let mut wishes = control.player.playing.subscribe();
    loop {
        let playing = wishes.borrow_and_update().clone();
        match playing.scenario.filter(|_| playing.on) {
            Some(scenario) => Performance::new(&control, &scenario, playing.play).play(&mut wishes).await,
            // Its other end is in `control`, so that this never fails.
            None => wishes.changed().await.unwrap_or_default(),
        }
    }
}

/// A scenario that is being played.
struct Performance<'p> {
    control: &'p Control,
    scenario: &'p Scenario,
    play: u64,
    /// What was written so far, and to which type, by its label.
    sent: HashMap<Arc<str>, (String, Inbound)>,
    /// Faults that were off before.
    faults: Vec<&'static Fault>,
    /// Whether the flow was changed.
    flows: bool,
}

impl<'p> Performance<'p> {
    fn new(control: &'p Control, scenario: &'p Scenario, play: u64) -> Self {
        Self { control, scenario, play, sent: HashMap::new(), faults: Vec::new(), flows: false }
    }

    async fn play(mut self, wishes: &mut watch::Receiver<Playing>) {
        let speed = wishes.borrow().clock.speed();
        self.note(format!("{} begins, at {speed} times its speed", self.scenario.name));
        let to_its_end = self.moments(wishes).await;
        // What was written last has been told before the end is.
        self.control.queue.ask(|_| ()).await;
        self.leave_as_found().await;
        self.note(format!("{} {}", self.scenario.name, if to_its_end { "has ended" } else { "was stopped" }));
        if to_its_end {
            self.control.player.progress(self.play, |playing| playing.on = false);
        }
    }

    /// Whether it came to its end.
    async fn moments(&mut self, wishes: &mut watch::Receiver<Playing>) -> bool {
        for moment in &self.scenario.moments {
            if !self.is_due(moment.at, wishes).await {
                return false;
            }
            let trouble = self.perform(moment).await.err();
            let trouble = trouble.map(|it| format!("{}:{}: {}", self.scenario.file, moment.line, it.message()));
            if let Some(trouble) = &trouble {
                self.note(trouble.clone());
            }
            self.control.player.progress(self.play, |playing| {
                playing.done += 1;
                playing.trouble = trouble.or(playing.trouble.take());
            });
        }
        self.is_due(self.scenario.length, wishes).await
    }

    /// Waits until its clock shows a time. False where something else is wanted meanwhile.
    async fn is_due(&self, at: Duration, wishes: &mut watch::Receiver<Playing>) -> bool {
        loop {
            let due = {
                let playing = wishes.borrow_and_update();
                if playing.play != self.play || !playing.on {
                    return false;
                }
                playing.clock.when(at)
            };
            tokio::select! {
                biased;
                _ = wishes.changed() => {}
                () = tokio::time::sleep_until(due) => return true,
            }
        }
    }

    async fn perform(&mut self, moment: &Moment) -> Result<(), Problem> {
        match &moment.act {
            Act::Write(messages) => self.write(messages).await,
            Act::Redeliver(label) => {
                let Some((customer_type, message)) = self.sent.get(label) else { return Ok(()) };
                let webhook = self.control.webhook(customer_type)?;
                let body = webhooks::messages(&webhook.channel, std::slice::from_ref(message));
                self.control.deliver(OnConnection::own(), &webhook, &body).await
            }
            Act::Receipt(label, status) => {
                let Some((customer_type, message)) = self.sent.get(label) else { return Ok(()) };
                let webhook = self.control.webhook(customer_type)?;
                let now = (self.control.clock)().as_second();
                let body = webhooks::receipt(&webhook.channel, &message.id, *status, &message.from, now);
                self.control.deliver(OnConnection::own(), &webhook, &body).await
            }
            Act::SwitchOn(fault, count) => {
                if self.control.faults.switched(fault).is_none() {
                    self.faults.push(fault);
                }
                switch_on(self.control, fault, *count);
                Ok(())
            }
            Act::SwitchOff(fault) => {
                switch_off(self.control, fault);
                Ok(())
            }
            Act::Flow(setting) => {
                self.flows = true;
                let_flow(self.control, *setting).await.map(drop)
            }
            Act::DropPages(how) => end_connections(self.control, *how).await.map(drop),
        }
    }

    /// Customers of one type write in one body, as a provider may deliver them; those of several in one for each.
    async fn write(&mut self, messages: &[Writing]) -> Result<(), Problem> {
        let of_one_type = messages.chunk_by(|one, next| one.customer_type == next.customer_type);
        for messages in of_one_type {
            let customer_type = &messages[0].customer_type;
            let webhook = self.control.webhook(customer_type)?;
            let inbound: Vec<Inbound> = messages.iter().map(|writing| self.inbound(writing)).collect();
            self.control
                .deliver(OnConnection::own(), &webhook, &webhooks::messages(&webhook.channel, &inbound))
                .await?;
            let labels = messages.iter().map(|message| Arc::clone(&message.label));
            self.sent.extend(labels.zip(inbound.into_iter().map(|inbound| (customer_type.clone(), inbound))));
        }
        Ok(())
    }

    fn inbound(&self, Writing { number, name, kind, text, .. }: &Writing) -> Inbound {
        let now = (self.control.clock)();
        Inbound {
            kind: *kind,
            from: number.clone(),
            name: name.clone(),
            id: self.control.message_id(now),
            timestamp: now.as_second(),
            text: text.clone(),
        }
    }

    /// Whatever it has made to go wrong goes right again.
    async fn leave_as_found(&mut self) {
        for fault in self.faults.drain(..) {
            if self.control.faults.switched(fault).is_some() {
                switch_off(self.control, fault);
            }
        }
        if self.flows
            && let Err(problem) = let_flow(self.control, Setting::default()).await
        {
            tracing::debug!(problem = problem.message(), "the flow stays as it is");
        }
    }

    fn note(&self, what: String) {
        self.control.log.record(Happening::new(Kind::Control).event("scenario").detail(what));
    }
}
