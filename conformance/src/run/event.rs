//! What a run tells while it goes, and what it leaves behind. Reporters consume these and decide nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::diagnosis::Diagnosis;
use crate::verdict::Verdict;

/// The version of the [`Report`]'s shape. Keys may be added within a version; none is taken away or changes its meaning.
pub const FORMAT: u32 = 1;

/// Something that happened in a run.
#[derive(Debug)]
pub enum RunEvent<'a> {
    /// The run begins.
    Started {
        /// The target's URL, without credentials.
        target: &'a str,
        /// How many scenarios will be performed.
        scenarios: usize,
        /// How many checks will be judged.
        checks: usize,
    },
    /// Something a person should know, in a sentence: a rate limit that slows the run down, a wait for the target.
    Notice(&'a str),
    /// A scenario is being performed.
    ScenarioStarted {
        /// Its name.
        name: &'a str,
    },
    /// A scenario was performed and its checks are judged.
    ScenarioFinished {
        /// Its name.
        name: &'a str,
        /// How long it took.
        took: Duration,
        /// The verdicts of the checks that read it.
        verdicts: &'a [Verdict],
    },
    /// The run is over. Always the last event.
    Finished(&'a Report),
}

/// Turns run events into one output format. A reporter never decides a verdict.
pub trait Reporter {
    /// Takes one event.
    ///
    /// # Errors
    /// What writing said; the run goes on, and the command ends with the matching exit code.
    fn on_event(&mut self, event: &RunEvent<'_>) -> std::io::Result<()>;
}

/// How a run ended; the command's exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conclusion {
    /// Everything that was judged conforms (0).
    Conforms,
    /// A requirement is violated, or a known failure passes (1).
    Violates,
    /// Something that should have been judged could not be (3).
    CouldNotTest,
}

impl Conclusion {
    /// The exit code: 0, 1 or 3. (2 is a wrong command line or configuration, which never gets as far as a run.)
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Conforms => 0,
            Self::Violates => 1,
            Self::CouldNotTest => 3,
        }
    }
}

/// All that a run found.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The version of this report's shape.
    pub format: u32,
    /// The suite's version.
    pub suite: String,
    /// The target's URL, without credentials; a recording's file name where one was judged.
    pub target: String,
    /// When the run began.
    pub started: jiff::Timestamp,
    /// How long it took, in seconds.
    #[serde(serialize_with = "seconds")]
    pub took: Duration,
    /// How it ended.
    pub conclusion: Conclusion,
    /// Whether SHOULD requirements count like MUST.
    pub strict: bool,
    /// Whether it was interrupted before all was judged.
    pub interrupted: bool,
    /// Every verdict, in the order of the requirements.
    pub verdicts: Vec<Verdict>,
    /// Likely causes of what is violated.
    pub diagnoses: Vec<Diagnosis>,
    /// Scenarios with how long each took, in seconds.
    #[serde(serialize_with = "seconds_by_name")]
    pub scenarios: Vec<(String, Duration)>,
    /// From trigger to arrival, by customer type.
    pub latencies: Vec<Latency>,
    /// From a frame's arrival in a page to the row that shows it, by customer type; none where no page was opened.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shown: Vec<Latency>,
    /// Time spent waiting, by reason, summed over scenarios that run at the same time.
    #[serde(serialize_with = "seconds_by_reason")]
    pub waited: BTreeMap<&'static str, Duration>,
    /// Known failures that matched nothing in this run, and the like.
    pub notices: Vec<String>,
}

/// How long the messages of one customer type took from one place to another: broadcasts from the trigger to their arrival,
/// rows from the frame's arrival to the list.
#[derive(Debug, Clone, Serialize)]
pub struct Latency {
    /// The customer type.
    pub customer_type: String,
    /// How many arrivals.
    pub arrivals: usize,
    /// Half of them were faster, in seconds.
    #[serde(serialize_with = "seconds")]
    pub median: Duration,
    /// The slowest, in seconds.
    #[serde(serialize_with = "seconds")]
    pub max: Duration,
}

fn seconds<S: serde::Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(rounded(*value))
}

fn rounded(value: Duration) -> f64 {
    (value.as_secs_f64() * 1e6).round() / 1e6
}

fn seconds_by_name<S: serde::Serializer>(values: &[(String, Duration)], to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(values.iter().map(|(name, value)| (name, rounded(*value))))
}

fn seconds_by_reason<S: serde::Serializer>(
    values: &BTreeMap<&'static str, Duration>,
    to: S,
) -> Result<S::Ok, S::Error> {
    to.collect_map(values.iter().map(|(name, value)| (name, rounded(*value))))
}
