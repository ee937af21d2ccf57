//! What goes on, on standard error: a line that moves on a terminal, and anywhere else notices and, of a long run, a
//! line now and then.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use fixtures::Level;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

use super::Look;
use crate::report::text::{ascii, visible};
use crate::report::{Reporter, RunEvent};
use crate::verdict::Verdict;

/// How often the line moves while nothing happens, so that it is seen to be alive.
const TICK: Duration = Duration::from_millis(100);

/// How often a log is told at most that the run goes on.
const LINES_APART: Duration = Duration::from_secs(10);

/// Shows the progress, and takes it away before the report comes.
#[derive(Debug)]
pub struct Progress<W> {
    bar: ProgressBar,
    notices: W,
    look: Look,
    running: Vec<String>,
    violated: usize,
    /// How many conversations there are, and how many are over.
    scenarios: (usize, usize),
    began: Instant,
    /// When the log was last told.
    told: Instant,
}

impl Progress<io::Stderr> {
    /// For standard error; the line shows where that is a terminal.
    #[must_use]
    pub fn stderr(look: Look) -> Self {
        Self::new(ProgressDrawTarget::stderr(), io::stderr(), look)
    }
}

impl<W: Write> Progress<W> {
    /// Draws to `target`, and writes notices to `notices`: the same terminal, in a command.
    pub fn new(target: ProgressDrawTarget, notices: W, look: Look) -> Self {
        let style = ProgressStyle::with_template("{spinner} {pos}/{len} conversations  {elapsed}  {wide_msg}");
        let ticks = if look.unicode { "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ " } else { "|/-\\ " };
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar()).tick_chars(ticks);
        let bar = ProgressBar::with_draw_target(None, target).with_finish(ProgressFinish::AndClear).with_style(style);
        let now = Instant::now();
        Self { bar, notices, look, running: Vec::new(), violated: 0, scenarios: (0, 0), began: now, told: now }
    }

    fn begin(&mut self, scenarios: usize) {
        self.scenarios.0 = scenarios;
        if !self.bar.is_hidden() {
            self.bar.set_length(u64::try_from(scenarios).unwrap_or(u64::MAX));
            self.bar.enable_steady_tick(TICK);
        }
    }

    /// `2 violated · burst, slow-member`.
    fn message(&self) -> String {
        let running = self.running.join(", ");
        match self.violated {
            0 => running,
            number => format!("{number} violated {} {running}", if self.look.unicode { '·' } else { '-' }),
        }
    }

    /// Moves the line, or adds one to the log where it is time.
    fn show(&mut self) -> io::Result<()> {
        let message = self.message();
        if !self.bar.is_hidden() {
            self.bar.set_message(message);
            return Ok(());
        }
        let (all, over) = self.scenarios;
        if self.told.elapsed() < LINES_APART || over == all {
            return Ok(());
        }
        self.told = Instant::now();
        let line = format!("{over}/{all} conversations  {} s  {message}", self.began.elapsed().as_secs());
        writeln!(self.notices, "{}", line.trim_end())
    }
}

impl<W: Write> Reporter for Progress<W> {
    fn on_event(&mut self, event: &RunEvent<'_>) -> io::Result<()> {
        match event {
            RunEvent::Started { scenarios, .. } => self.begin(*scenarios),
            RunEvent::Notice(notice) => {
                let notice = visible(notice);
                let notice = if self.look.unicode { notice } else { ascii(&notice).into_owned().into() };
                let notices = &mut self.notices;
                return self.bar.suspend(|| writeln!(notices, "{notice}"));
            }
            RunEvent::ScenarioStarted { name } => self.running.push((*name).to_owned()),
            RunEvent::ScenarioFinished { name, verdicts, .. } => {
                self.running.retain(|running| running != name);
                // What is known to fail, and whether a SHOULD counts, is for the report to tell.
                let violated = |verdict: &&Verdict| verdict.level == Level::Must && verdict.outcome.is_violated();
                self.violated += verdicts.iter().filter(violated).count();
                self.scenarios.1 += 1;
                self.bar.inc(1);
            }
            RunEvent::Finished(_) => self.bar.finish_and_clear(),
        }
        self.show()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn a_log_is_told_now_and_then_that_a_long_run_goes_on() {
        let mut progress = Progress::new(ProgressDrawTarget::hidden(), Vec::new(), Look { width: 80, unicode: false });
        progress.scenarios = (40, 12);
        progress.running = vec!["burst".to_owned(), "heartbeat".to_owned()];
        progress.began -= LINES_APART;
        progress.told = progress.began;
        progress.show().unwrap();
        progress.show().unwrap();
        assert_eq!(String::from_utf8(progress.notices).unwrap(), "12/40 conversations  10 s  burst, heartbeat\n");
    }

    #[test]
    fn without_a_terminal_nothing_but_notices_is_written() {
        let mut progress = Progress::new(ProgressDrawTarget::hidden(), Vec::new(), Look { width: 80, unicode: false });
        progress.on_event(&RunEvent::Notice("429 → waiting 2 s")).unwrap();
        samples::play(&samples::missing_branch(), &mut progress);
        assert_eq!(String::from_utf8(progress.notices).unwrap(), "429 -> waiting 2 s\n");
    }
}
