//! The browser as one more stage: what it must be able to do, and the steps that are about pages.
//!
//! No browser is driven here. Whoever drives one (the crate `browser-tests`) implements [`Pages`] and gives it to the
//! [`Ground`]; all other steps of the same scenario are performed as ever.

use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::ground::Ground;
use super::log::ScenarioLog;
use super::wire::{Performance, lock};
use crate::recording::{Act, ConsoleLines, Entry, Peer, What};
use crate::scenario::Actor;

/// How long a page may take to show what it was told.
pub const SHOWN_WITHIN: Duration = Duration::from_secs(1);

/// How long a page may take to come up, to log in, or to find its connection again.
pub const UP_WITHIN: Duration = Duration::from_secs(15);

/// Something that is being done.
pub type Doing<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Drives pages in a browser, and writes down what they show, say, send and receive.
pub trait Pages: Send + Sync {
    /// What the console of these pages is to say.
    fn console(&self) -> ConsoleLines;

    /// Does something at a page, or to it, and waits for what [`Act`] says. What the page does not do is for checks to see.
    ///
    /// # Errors
    /// What the browser could not do, which is never the page's fault.
    fn act<'a>(&'a self, scene: Scene<'a>, act: &'a Act) -> Doing<'a, Result<(), String>>;

    /// Writes down what the page looks like, as [`What::Looked`].
    fn look<'a>(&'a self, scene: Scene<'a>) -> Doing<'a, ()>;

    /// Closes every page of a scenario.
    fn close_all<'a>(&'a self, log: &'a Arc<ScenarioLog>) -> Doing<'a, ()>;
}

/// One page of one scenario, and what it stands on.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The backend and the contract.
    pub ground: &'a Ground,
    /// Where all that happens is written down.
    pub log: &'a Arc<ScenarioLog>,
    /// The page.
    pub page: &'a Actor,
}

impl Scene<'_> {
    /// The page itself as what entries are about, beside its connections.
    #[must_use]
    pub fn peer(&self) -> Peer {
        Peer { actor: Arc::clone(self.page), connection: 0 }
    }
}

impl Performance<'_> {
    /// Does something at a page.
    pub(super) async fn page(&self, page: &Actor, act: &Act) -> Result<(), String> {
        let ground = &*self.stage.ground;
        let Some(pages) = &ground.pages else { return Err(format!("{page} needs a browser, and there is none")) };
        let from = Instant::now();
        let scene = Scene { ground, log: &self.log, page };
        if *act == Act::NextSecond {
            self.next_second().await;
            return Ok(());
        }
        self.log.write(Some(&scene.peer()), What::Acting { act: act.clone() });
        pages.act(scene, act).await?;
        self.log.write(Some(&scene.peer()), What::Acted { act: act.clone() });
        pages.look(scene).await;
        self.stage.pace.waited("pages", from);
        Ok(())
    }

    /// Waits until the clock shows a later second than any message of this scenario bears.
    async fn next_second(&self) {
        let latest = lock(&self.messages).values().map(|(sent, _)| sent.timestamp).max().unwrap_or_default();
        let now = jiff::Timestamp::now();
        if now.as_second() <= latest {
            let over = jiff::Timestamp::new(latest + 1, 0).map(|next| next.duration_since(now).unsigned_abs());
            tokio::time::sleep(over.unwrap_or_default()).await; // it is the clock's second that is waited for
        }
    }

    /// Waits until a page gets on: it connects, or an event comes or goes. Whether it does in time.
    pub(super) async fn traffic(&self, page: &Actor) -> bool {
        let from = Instant::now();
        let position = self.log.position();
        let is_own = |entry: &Entry| entry.peer.as_ref().is_some_and(|peer| peer.actor == *page);
        let is_up = |entry: &Entry| (is_own(entry) && matches!(entry.what, What::Connected)).then_some(());
        let patience = match self.log.find(is_up) {
            Some(()) => self.stage.ground.target.deadlines.answer,
            None => UP_WITHIN,
        };
        let gets_on =
            |entry: &Entry| (is_own(entry) && matches!(entry.what, What::Connected | What::Event { .. })).then_some(());
        let got_on = self.log.wait(position, from + patience, gets_on).await.is_some();
        self.stage.pace.waited("pages", from);
        got_on
    }

    /// The labels under which messages were sent that one of a [`Step::Shown`] stands for.
    fn labels_of(&self, label: &Arc<str>) -> Vec<Arc<str>> {
        match label.strip_suffix('*') {
            None => vec![Arc::clone(label)],
            Some(start) => lock(&self.messages).keys().filter(|sent| sent.starts_with(start)).cloned().collect(),
        }
    }

    /// Waits until each page shows each message in a row, or the time for broadcasts and for showing them is over and nothing
    /// comes from the pages any more.
    pub(super) async fn shown(&self, pages: &[Actor], labels: &[Arc<str>]) -> Result<(), String> {
        let from = Instant::now();
        let mut pending: HashSet<(Actor, String)> = HashSet::new();
        for label in &labels.iter().flat_map(|label| self.labels_of(label)).collect::<Vec<_>>() {
            let nonce = lock(&self.messages).get(label).map(|(sent, _)| sent.nonce.clone());
            let nonce = nonce.ok_or_else(|| format!("`{label}` is awaited before it was sent"))?;
            pending.extend(pages.iter().map(|page| (Arc::clone(page), nonce.clone())));
        }
        let mut deadline = from + self.stage.ground.target.deadlines.delivery;
        let is_theirs = |entry: &Entry| entry.peer.as_ref().is_some_and(|peer| pages.contains(&peer.actor));
        let mut position = 0;
        loop {
            let shown = self.log.wait(0, deadline, |entry| {
                let (Some(peer), What::Shows { rows }) = (&entry.peer, &entry.what) else { return None };
                let shows = |nonce: &str| rows.iter().any(|row| row.preview.contains(nonce));
                pending.retain(|(page, nonce)| *page != peer.actor || !shows(nonce));
                pending.is_empty().then_some(())
            });
            // What a browser tells comes late where much happens: as long as something comes, it has not told all.
            let is_over = shown.await.is_some() || deadline > from + UP_WITHIN;
            if is_over || self.log.find_from(position, |entry| is_theirs(entry).then_some(())).is_none() {
                break;
            }
            position = self.log.position();
            deadline += SHOWN_WITHIN;
        }
        self.stage.pace.waited("pages", from);
        if let Some(browser) = &self.stage.ground.pages {
            for page in pages {
                browser.look(Scene { ground: &self.stage.ground, log: &self.log, page }).await;
            }
        }
        Ok(())
    }
}
