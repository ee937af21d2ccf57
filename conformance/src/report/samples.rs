//! Reports made by hand for the tests of the formats, and the events of their runs.

use std::collections::BTreeMap;
use std::time::Duration;

use fixtures::{Level, requirements};

use super::{Conclusion, Report, Reporter, RunEvent};
use crate::diagnosis::{Diagnosis, Remedy};
use crate::run::event::Latency;
use crate::verdict::{Finding, Outcome, Verdict};

const TYPES: [&str; 4] = ["Partner", "Customer", "Vendor", "SRDP"];

/// A selection of checks, fixed so that the figures in the tests are, and whether each has a verdict for every type.
const CHECKS: [(&str, bool); 22] = [
    ("transport.open.websocket", false),
    ("transport.upgrade", false),
    ("transport.polling-equal", true),
    ("auth.reject", false),
    ("auth.logout", false),
    ("join.acknowledged", true),
    ("join.effective", true),
    ("join.malformed", false),
    ("leave.effective", true),
    ("broadcast.delivered", true),
    ("broadcast.exactly-once", true),
    ("broadcast.only-room", true),
    ("broadcast.independent", false),
    ("broadcast.burst", true),
    ("broadcast.redelivery", true),
    ("payload.schema", true),
    ("payload.text", true),
    ("payload.time", true),
    ("payload.unread", true),
    ("payload.parity", false),
    ("list.shape", false),
    ("list.consistent", true),
];

pub fn verdict(id: &'static str, subject: Option<&str>, outcome: Outcome) -> Verdict {
    let level = requirements::find(id).map_or(Level::Must, |row| row.level);
    Verdict { id, subject: subject.map(str::to_owned), level, outcome, known: None }
}

pub fn violated(id: &'static str, subject: Option<&str>, finding: Finding) -> Verdict {
    verdict(id, subject, Outcome::Violated { finding })
}

pub fn finding() -> Finding {
    Finding::new("what the contract says", "something else")
}

/// Every check passes.
pub fn green() -> Report {
    let passed = |id, subject| verdict(id, subject, Outcome::Passed { observations: 3 });
    let mut verdicts = Vec::new();
    for (id, every_type) in CHECKS {
        match every_type {
            true => verdicts.extend(TYPES.map(|subject| passed(id, Some(subject)))),
            false => verdicts.push(passed(id, None)),
        }
    }
    Report {
        format: crate::run::event::FORMAT,
        suite: "0.1.0".to_owned(),
        target: "http://127.0.0.1:8000".to_owned(),
        started: jiff::Timestamp::UNIX_EPOCH,
        took: Duration::from_millis(1_214),
        conclusion: Conclusion::Conforms,
        strict: false,
        interrupted: false,
        verdicts,
        diagnoses: Vec::new(),
        scenarios: vec![
            ("one-message-per-type".to_owned(), Duration::from_millis(310)),
            ("burst".to_owned(), Duration::from_millis(520)),
        ],
        latencies: TYPES.iter().zip([3_100, 2_900, 3_000, 3_300]).map(|(name, micros)| latency(name, micros)).collect(),
        shown: Vec::new(),
        waited: BTreeMap::from([
            ("quiet windows", Duration::from_millis(1_900)),
            ("answers", Duration::from_millis(700)),
        ]),
        notices: Vec::new(),
    }
}

fn latency(customer_type: &str, micros: u64) -> Latency {
    let median = Duration::from_micros(micros);
    Latency { customer_type: customer_type.to_owned(), arrivals: 24, median, max: median * 3 }
}

/// Sets the outcomes of the verdicts that are picked.
fn set(report: &mut Report, picked: impl Fn(&Verdict) -> bool, outcome: impl Fn(&Verdict) -> Outcome) {
    for verdict in report.verdicts.iter_mut().filter(|verdict| picked(verdict)) {
        verdict.outcome = outcome(verdict);
    }
}

/// The Partner branch is missing: saved, acknowledged, never broadcast.
pub fn missing_branch() -> Report {
    let mut report = green();
    let is_partner = |verdict: &Verdict| verdict.subject.as_deref() == Some("Partner");
    set(
        &mut report,
        |verdict| is_partner(verdict) && verdict.id == "broadcast.delivered",
        |_| Outcome::Violated { finding: undelivered() },
    );
    set(&mut report, |verdict| verdict.id == "broadcast.independent", |_| Outcome::Violated { finding: unequal() });
    let waits = |verdict: &Verdict| {
        let area = verdict.id.starts_with("broadcast.") || verdict.id.starts_with("payload.");
        is_partner(verdict) && area && verdict.id != "broadcast.delivered" || verdict.id == "payload.parity"
    };
    set(&mut report, waits, |_| Outcome::NotTested {
        reason: "nothing of the Partner message was heard".to_owned(),
        because: Some("broadcast.delivered"),
    });
    report.conclusion = Conclusion::Violates;
    report.latencies.remove(0);
    report.diagnoses = vec![diagnosis()];
    report
}

fn undelivered() -> Finding {
    let join = |at: &str, transport: &str, port: u16| {
        format!(
            "{at} s  member/Partner/{transport} ({transport}, port {port}): join_room {{\"room\":\"PartnerApp\"}} → \
             join_room_response {{\"status\":1,\"room\":\"PartnerApp\"}}"
        )
    };
    Finding::new(
        "`room_update` to room PartnerApp within 2000 ms: 3 members, each with an acknowledged join",
        "none of them heard it",
    )
    .with([
        join("0.041", "websocket", 40112),
        join("0.043", "polling", 40118),
        join("0.047", "upgrade", 40120),
        "0.052 s  sent: POST /api/chats/whatsapp_chat/15550100101 → 200 in 2.8 ms: Text \"k7Qd2m1x Hello\" from 15550104711".to_owned(),
        "0.061 s  saved all the same: the chat list shows {\"chat_id\":\"67bc1234abcd5678ef901234\",\"customer_type\":\"Partner\",\
         \"last_message\":\"k7Qd2m1x Hello\",\"unread_count\":1}"
            .to_owned(),
    ])
}

fn unequal() -> Finding {
    Finding::new("all types alike: same members, same message", "Customer, Vendor, SRDP delivered, Partner did not")
        .with([
            "Customer: 3 members heard it within 2.9 ms".to_owned(),
            "Vendor: 3 members heard it within 3.0 ms".to_owned(),
            "SRDP: 3 members heard it within 3.3 ms".to_owned(),
        ])
}

fn diagnosis() -> Diagnosis {
    Diagnosis {
        id: "missing-branch",
        cause: "The broadcast has no branch for Partner: its messages are accepted and saved, and no `room_update` is emitted to \
                PartnerApp."
            .to_owned(),
        evidence: vec![
            "POST /api/chats/whatsapp_chat/15550100101 was answered 200, and the chat list shows the message".to_owned(),
            "3 sockets had joined PartnerApp, each acknowledged with status 1; none heard anything".to_owned(),
            "the same message to Customer, Vendor and SRDP was heard within 3.3 ms".to_owned(),
        ],
        remedies: vec![
            Remedy {
                stack: "python-socketio",
                code: "elif customer_type == 'Partner':\n    await sio.emit('room_update', chat_summary, room='PartnerApp')".to_owned(),
            },
            Remedy { stack: "Node", code: "io.to('PartnerApp').emit('room_update', chatSummary);".to_owned() },
        ],
        explains: vec!["broadcast.delivered [Partner]".to_owned(), "broadcast.independent".to_owned()],
    }
}

/// Nothing could be brought about.
pub fn nothing_tested() -> Report {
    let mut report = green();
    set(
        &mut report,
        |_| true,
        |_| Outcome::NotTested {
            reason: "the target refused the connection: http://127.0.0.1:8000/ws/ answered 404".to_owned(),
            because: None,
        },
    );
    report.conclusion = Conclusion::CouldNotTest;
    report.latencies.clear();
    report
}

/// The suite did something wrong in one conversation.
pub fn harness_error() -> Report {
    let mut report = green();
    set(
        &mut report,
        |verdict| verdict.id == "broadcast.burst",
        |_| Outcome::HarnessError { reason: "scenario burst: the message `b7` was never named".to_owned() },
    );
    report.conclusion = Conclusion::CouldNotTest;
    report
}

/// One known failure that fails, one that passes again, a warning, and something that the target lacks.
pub fn known_failures() -> Report {
    let mut report = green();
    for verdict in &mut report.verdicts {
        match (verdict.id, verdict.subject.as_deref()) {
            ("payload.time", Some("SRDP")) => {
                verdict.outcome = Outcome::Violated { finding: finding() };
                verdict.known = Some("the SRDP clock is an hour off until the move".to_owned());
            }
            ("payload.text", Some("SRDP")) => {
                let reason = "the order of messages is not certain".to_owned();
                verdict.outcome = Outcome::NotTested { reason, because: Some("payload.time") };
            }
            ("payload.unread", Some("SRDP")) => verdict.known = Some("counts from 0".to_owned()),
            ("broadcast.redelivery", Some(_)) => verdict.outcome = Outcome::Violated { finding: finding() },
            ("auth.logout", _) => {
                verdict.outcome = Outcome::NotApplicable { reason: "the target is said to lack `logout`".to_owned() };
            }
            _ => {}
        }
    }
    report.conclusion = Conclusion::Violates;
    report.notices =
        vec!["`payload.unread [SRDP]` is a known failure and passes: take it off the list (counts from 0)".to_owned()];
    report
}

/// Ctrl-C after the first conversations.
pub fn interrupted() -> Report {
    let mut report = green();
    report.verdicts.truncate(9);
    report.conclusion = Conclusion::CouldNotTest;
    report.interrupted = true;
    report
}

/// Every sample.
pub fn all() -> Vec<Report> {
    vec![green(), missing_branch(), nothing_tested(), harness_error(), known_failures(), interrupted()]
}

/// Hands a reporter the events of a run that ends with this report.
pub fn play(report: &Report, reporter: &mut impl Reporter) {
    let conversation = RunEvent::ScenarioFinished {
        name: "one-message-per-type",
        took: Duration::from_millis(310),
        verdicts: &report.verdicts,
    };
    let (scenarios, checks) = (report.scenarios.len(), report.verdicts.len());
    reporter.on_event(&RunEvent::Started { target: &report.target, scenarios, checks }).unwrap();
    reporter.on_event(&RunEvent::ScenarioStarted { name: "one-message-per-type" }).unwrap();
    reporter.on_event(&conversation).unwrap();
    reporter.on_event(&RunEvent::Finished(report)).unwrap();
}
