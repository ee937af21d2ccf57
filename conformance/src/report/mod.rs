//! Reports: run events in, one output format out, a file per format. No reporter decides a verdict or the conclusion.
//!
//! | file | format |
//! |---|---|
//! | [`terminal`] | what a person reads; with the progress while it goes |
//! | [`json`] | `report.schema.json`, described in `REPORT.md` |
//! | [`junit`] | JUnit XML for Jenkins, GitLab and the like |
//! | [`markdown`] | a summary for a pull request or a job's page |
//!
//! [`summary`] sorts verdicts into what a reader asks for, for all formats alike; [`ReportSpec`] is `--report`'s value;
//! [`Reporters`] hands each event to all.

pub mod json;
pub mod junit;
pub mod markdown;
mod spec;
pub mod summary;
pub mod terminal;
mod text;
mod times;

#[cfg(test)]
mod samples;

use std::io;

pub use json::Json;
pub use junit::Junit;
pub use markdown::Markdown;
pub use spec::{Format, ReportError, ReportFile, ReportSpec};
pub use terminal::{Detail, Look, Progress, Terminal};
pub use text::{visible, wrap};

use crate::run::event::{Conclusion, Report, Reporter, RunEvent};

/// Hands each event to every reporter. One that cannot write is dropped, and the others go on.
#[derive(Default)]
pub struct Reporters {
    live: Vec<(String, Box<dyn Reporter + Send>)>,
    errors: Vec<ReportError>,
}

impl Reporters {
    /// Opens what `--report` asks for, so that a path that cannot be written ends the command before the run begins.
    ///
    /// # Errors
    /// The file that could not be created, or two reports that would end up in one place.
    pub fn open(specs: &[ReportSpec]) -> Result<Self, ReportError> {
        let mut reporters = Self::default();
        for (index, spec) in specs.iter().enumerate() {
            if let Some(other) = specs[..index].iter().find(|other| other.path == spec.path) {
                return Err(ReportError::SamePlace { first: other.to_string(), second: spec.to_string() });
            }
            reporters.add(spec.describe(), spec.open()?);
        }
        Ok(reporters)
    }

    /// Adds a reporter; `name` is what an error calls it: `the junit report results.xml`.
    pub fn add(&mut self, name: impl Into<String>, reporter: Box<dyn Reporter + Send>) {
        self.live.push((name.into(), reporter));
    }

    /// What could not be written. A reader that went away (`| head`) is no error.
    #[must_use]
    pub fn into_errors(self) -> Vec<ReportError> {
        self.errors
    }
}

impl Reporter for Reporters {
    /// Never an error: see [`Reporters::into_errors`].
    fn on_event(&mut self, event: &RunEvent<'_>) -> io::Result<()> {
        let errors = &mut self.errors;
        self.live.retain_mut(|(name, reporter)| match reporter.on_event(event) {
            Ok(()) => true,
            Err(error) => {
                if error.kind() != io::ErrorKind::BrokenPipe {
                    errors.push(ReportError::Write { report: name.clone(), source: error });
                }
                false
            }
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Counts events, and fails at each where it is told how.
    struct Counter(Arc<AtomicUsize>, Option<ErrorKind>);

    impl Reporter for Counter {
        fn on_event(&mut self, _: &RunEvent<'_>) -> io::Result<()> {
            self.0.fetch_add(1, Ordering::Relaxed);
            self.1.map_or(Ok(()), |kind| Err(kind.into()))
        }
    }

    /// Two events for one good reporter and one that fails like this: events heard by each, and the errors.
    fn beside_a_good_one(failure: ErrorKind) -> (usize, usize, Vec<String>) {
        let (good, bad) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut reporters = Reporters::default();
        reporters.add("the bad one", Box::new(Counter(Arc::clone(&bad), Some(failure))));
        reporters.add("the good one", Box::new(Counter(Arc::clone(&good), None)));
        for _ in 0..2 {
            reporters.on_event(&RunEvent::Notice("slower")).unwrap();
        }
        let errors = reporters.into_errors().iter().map(ToString::to_string).collect();
        (good.load(Ordering::Relaxed), bad.load(Ordering::Relaxed), errors)
    }

    #[test]
    fn a_reporter_that_cannot_write_is_named_once_and_does_not_stop_the_others() {
        let (good, bad, errors) = beside_a_good_one(ErrorKind::StorageFull);
        assert_eq!((good, bad), (2, 1));
        assert_eq!(errors.len(), 1);
        assert!(errors[0].starts_with("cannot write the bad one: "), "{}", errors[0]);
    }

    #[test]
    fn a_reader_that_went_away_is_no_error() {
        assert_eq!(beside_a_good_one(ErrorKind::BrokenPipe), (2, 1, Vec::new()));
    }

    #[test]
    fn two_reports_do_not_share_a_place() {
        let specs: Vec<ReportSpec> = ["json", "junit:-"].iter().map(|spec| spec.parse().unwrap()).collect();
        let error = Reporters::open(&specs).err().unwrap().to_string();
        assert!(error.contains("`json`") && error.contains("`junit`"), "{error}");
    }
}
