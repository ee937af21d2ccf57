//! The report that a person reads. Red: the likely cause and its remedy first, the evidence below, the conclusion last.
//! Green: a line an area. Progress while it goes is [`Progress`]'s, on standard error.
//!
//! Always written with escape sequences for colours: the stream it is given to (anstream) removes them where there is no
//! terminal, or where `NO_COLOR` says so.

mod findings;
mod look;
mod overview;
mod page;
mod progress;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

pub use look::Look;
pub use progress::Progress;

use super::times::Times;
use super::{Report, Reporter, RunEvent};
use page::Page;

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Detail {
    /// What is wrong and the conclusion, without evidence.
    Quiet,
    /// What one needs in order to act.
    #[default]
    Normal,
    /// Every verdict and every conversation too.
    Verbose,
}

/// Writes the report when the run is over.
#[derive(Debug)]
pub struct Terminal<W> {
    out: W,
    look: Look,
    detail: Detail,
    times: Times,
    /// What was told while the run went to whoever reads this; none where that is another one, or nobody.
    told: Option<Vec<String>>,
}

impl<W: Write> Terminal<W> {
    /// Writes to `out`, which should take away colours where they are not wanted (`anstream::AutoStream`).
    pub fn new(out: W, look: Look, detail: Detail) -> Self {
        Self { out, look, detail, times: Times::default(), told: None }
    }

    /// Whoever reads this has read the live notices, too: they are not told again.
    #[must_use]
    pub fn beside_the_progress(self) -> Self {
        Self { told: Some(Vec::new()), ..self }
    }

    fn render(&self, report: &Report) -> String {
        let mut page = Page::new(self.look);
        findings::causes(&mut page, report, self.detail);
        findings::violations(&mut page, report, self.detail);
        findings::not_tested(&mut page, report, self.detail);
        findings::harness_errors(&mut page, report);
        findings::known_failures(&mut page, report, self.detail);
        if self.detail > Detail::Quiet {
            overview::areas(&mut page, report, &self.times, self.detail);
            overview::not_applicable(&mut page, report);
            overview::figures(&mut page, report, self.detail);
        }
        overview::notices(&mut page, report, self.told.as_deref().unwrap_or_default());
        overview::conclusion(&mut page, report);
        page.finish()
    }
}

impl Terminal<anstream::Stdout> {
    /// For standard output: colours on a terminal only, `NO_COLOR` and `CLICOLOR_FORCE` honoured.
    #[must_use]
    pub fn stdout(detail: Detail) -> Self {
        Self::new(anstream::stdout(), Look::of_stdout(), detail)
    }
}

impl<W: Write> Reporter for Terminal<W> {
    fn on_event(&mut self, event: &RunEvent<'_>) -> io::Result<()> {
        self.times.note(event);
        if let (RunEvent::Notice(notice), Some(told)) = (event, &mut self.told) {
            told.push((*notice).to_owned());
        }
        if let RunEvent::Finished(report) = event {
            let text = self.render(report);
            self.out.write_all(text.as_bytes())?;
            self.out.flush()?;
        }
        Ok(())
    }
}
