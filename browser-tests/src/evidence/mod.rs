//! What there is to see of a failed run: one HTML file that opens without a network, with pictures, console, frames and the
//! list's history beside each verdict that is red. Made of the report and the recording alone; it judges nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use conformance::checks;
use conformance::conversation::row_in_words;
use conformance::recording::{Direction, Entry, Recording, Row, What};
use conformance::run::Report;
use conformance::verdict::{Outcome, Verdict};
use fixtures::requirements;
use serde::Serialize;

const PAGE: &str = include_str!("evidence.html");

/// Where the data stands in the page.
const PLACE: &str = "{{DATA}}";

/// How much of a frame or a line is kept, in characters.
const LINE_LIMIT: usize = 2_000;

#[derive(Serialize)]
struct Evidence<'a> {
    target: &'a str,
    started: String,
    seconds: f64,
    exit_code: u8,
    causes: Vec<Cause<'a>>,
    red: Vec<Red<'a>>,
    /// By scenario and page.
    pages: BTreeMap<String, Film>,
}

#[derive(Serialize)]
struct Cause<'a> {
    cause: &'a str,
    evidence: &'a [String],
    remedies: Vec<(&'a str, &'a str)>,
    explains: &'a [String],
}

/// A verdict that is red.
#[derive(Serialize)]
struct Red<'a> {
    name: String,
    violated: bool,
    text: &'a str,
    expected: Option<&'a str>,
    observed: &'a str,
    evidence: &'a [String],
    /// Keys of [`Evidence::pages`].
    pages: Vec<String>,
}

/// What happened at one page, in the order of time.
#[derive(Serialize, Default)]
struct Film {
    name: String,
    scenario: String,
    scenes: Vec<Scene>,
}

#[derive(Serialize)]
struct Scene {
    at: f64,
    kind: &'static str,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    jpeg: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rows: Vec<String>,
}

/// The file's text.
#[must_use]
pub fn html(report: &Report, recording: &Recording) -> String {
    let mut pages = films(recording);
    let red: Vec<Red<'_>> =
        report.verdicts.iter().filter(|verdict| verdict.outcome.is_red()).map(|one| red(one, &pages)).collect();
    let shown = |key: &String| red.iter().any(|red| red.violated && red.pages.contains(key));
    pages.retain(|key, _| shown(key));
    let causes = report
        .diagnoses
        .iter()
        .map(|diagnosis| Cause {
            cause: &diagnosis.cause,
            evidence: &diagnosis.evidence,
            remedies: diagnosis.remedies.iter().map(|remedy| (remedy.stack, remedy.code.as_str())).collect(),
            explains: &diagnosis.explains,
        })
        .collect();
    let evidence = Evidence {
        target: &report.target,
        started: report.started.to_string(),
        seconds: report.took.as_secs_f64(),
        exit_code: report.conclusion.exit_code(),
        causes,
        red,
        pages,
    };
    // Within a script nothing may look like the script's end.
    let data = serde_json::to_string(&evidence).unwrap_or_default().replace('<', "\\u003c");
    PAGE.replacen(PLACE, &data, 1)
}

fn red<'a>(verdict: &'a Verdict, pages: &BTreeMap<String, Film>) -> Red<'a> {
    let text = requirements::find(verdict.id).map(|row| row.text.trim()).unwrap_or_default();
    let (expected, observed, evidence) = match &verdict.outcome {
        Outcome::Violated { finding } => {
            (Some(finding.expected.as_str()), finding.observed.as_str(), &finding.evidence[..])
        }
        Outcome::NotTested { reason, .. } | Outcome::NotApplicable { reason } | Outcome::HarnessError { reason } => {
            (None, reason.as_str(), &[][..])
        }
        Outcome::Passed { .. } => (None, "", &[][..]),
    };
    let violated = verdict.outcome.is_violated();
    Red { name: verdict.name(), violated, text, expected, observed, evidence, pages: concerned(verdict, pages) }
}

/// The pages that a verdict is about: that of its customer type, or all of its conversation.
fn concerned(verdict: &Verdict, pages: &BTreeMap<String, Film>) -> Vec<String> {
    let Some(check) = checks::find(verdict.id) else { return Vec::new() };
    let own = || pages.iter().filter(|(_, film)| film.scenario == check.scenario.name);
    let of_type = |film: &Film| verdict.subject.as_ref().is_some_and(|subject| film.name == format!("page/{subject}"));
    let is_by_type = own().any(|(_, film)| of_type(film));
    own().filter(|(_, film)| !is_by_type || of_type(film)).map(|(key, _)| key.clone()).collect()
}

fn films(recording: &Recording) -> BTreeMap<String, Film> {
    let mut films: BTreeMap<String, Film> = BTreeMap::new();
    let of_page = |entry: &&Arc<Entry>| entry.peer.as_ref().is_some_and(|peer| peer.actor.starts_with("page/"));
    for entry in recording.entries.iter().filter(of_page) {
        let Some(peer) = &entry.peer else { continue };
        let film = films.entry(format!("{}|{}", entry.scenario, peer.actor)).or_insert_with(|| Film {
            name: peer.actor.to_string(),
            scenario: entry.scenario.to_string(),
            scenes: Vec::new(),
        });
        film.scenes.extend(scene(entry));
    }
    // What the customers wrote meanwhile belongs to every page of the conversation.
    for entry in &recording.entries {
        let What::Sending { messages, .. } = &entry.what else { continue };
        for film in films.values_mut().filter(|film| *film.scenario == *entry.scenario) {
            for sent in messages {
                let text = sent.text.as_deref().unwrap_or("without words");
                let text = format!("{} `{}` from {}: {text}", sent.customer_type, sent.label, sent.number);
                film.scenes.push(Scene { at: seconds(entry.at), kind: "message", text, jpeg: None, rows: Vec::new() });
            }
        }
    }
    for film in films.values_mut() {
        film.scenes.sort_by(|one, other| one.at.total_cmp(&other.at));
    }
    films
}

fn scene(entry: &Entry) -> Option<Scene> {
    let mut rows = Vec::new();
    let mut jpeg = None;
    let connection = || entry.peer.as_ref().map(|peer| format!("connection {}", peer.connection)).unwrap_or_default();
    let (kind, text) = match &entry.what {
        What::Acting { act } => ("act", act.to_string()),
        What::Navigated { to } => ("act", format!("is at {to}")),
        What::Skipped { what, reason } => ("act", format!("not done: {what}: {reason}")),
        What::Console { level, text } => ("console", format!("{level}: {text}")),
        What::Shows { rows: shown } => {
            rows = shown.iter().map(in_words).collect();
            ("list", format!("{} rows", shown.len()))
        }
        What::Looked { jpeg: taken } => {
            jpeg = Some(Arc::clone(taken));
            ("picture", String::new())
        }
        What::Event { dir, event, args } => {
            let arrow = if *dir == Direction::In { "←" } else { "→" };
            let args: Vec<String> = args.iter().map(ToString::to_string).collect();
            ("frame", format!("{} {arrow} {event} {}", connection(), args.join(", ")))
        }
        What::Connected => ("frame", format!("{} connected", connection())),
        What::ConnectError { data } => ("frame", format!("{} was refused: {data}", connection())),
        What::Closed { detail, .. } => ("frame", format!("{} closed: {detail}", connection())),
        _ => return None,
    };
    let text = text.chars().take(LINE_LIMIT).collect();
    Some(Scene { at: seconds(entry.at), kind, text, jpeg, rows })
}

fn seconds(at: Duration) -> f64 {
    (at.as_secs_f64() * 1e4).round() / 1e4
}

fn in_words(row: &Row) -> String {
    format!("{}  {}", row.name, row_in_words(row))
}
