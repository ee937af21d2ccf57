//! Every named defect of the example backends trips exactly the checks that it must, and is told apart by its cause.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it cannot go on")]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use conformance::report::{Detail, Look, Terminal};
use conformance::run::{Conclusion, Report, Reporter, RunEvent, RunOptions, select};
use conformance::verdict::{Outcome, Verdict, is_excused};
use fixtures::Contract;
use futures_util::StreamExt;
use support::{Backend, Services, all_checks, config, run};

/// What a defect does to a run.
struct Defect {
    /// Its name, in both backends.
    id: &'static str,
    /// What is violated: a check's id, or a verdict's name where other customer types are not affected.
    violated: &'static [&'static str],
    /// The requirements that explain what could not be tested.
    causes: &'static [&'static str],
    /// Checks that may be red besides, by how its timing falls: violated, or not tested without a requirement to blame.
    perhaps: &'static [&'static str],
    /// The cause that is named.
    diagnosis: Option<&'static str>,
}

impl Defect {
    /// Whether much will not come that the suite waits for.
    fn is_silent(&self) -> bool {
        self.causes.iter().any(|cause| ["broadcast.delivered", "join.acknowledged"].contains(cause))
    }
}

const NONE: Defect = Defect { id: "", violated: &[], causes: &[], perhaps: &[], diagnosis: None };

/// Those that take long first.
const DEFECTS: &[Defect] = &[
    Defect {
        id: "broadcast-before-save",
        violated: &["broadcast.saved-first"],
        // What an agent does on receipt of the broadcast meets a chat that is not there yet, or is overwritten by the save.
        perhaps: &[
            "broadcast.agent-reply",
            "broadcast.reopened",
            "payload.unread",
            "provider.failing",
            "provider.refused",
            "provider.reply-sent",
            "provider.timeout",
        ],
        diagnosis: Some("broadcast-before-save"),
        ..NONE
    },
    Defect {
        id: "no-join-handler",
        violated: &["join.acknowledged", "join.malformed", "join.unknown-room"],
        causes: &["join.acknowledged"],
        diagnosis: Some("no-join-handler"),
        ..NONE
    },
    Defect {
        id: "missing-partner-branch",
        violated: &["broadcast.delivered [Partner]", "broadcast.independent"],
        causes: &["broadcast.delivered"],
        diagnosis: Some("missing-branch"),
        ..NONE
    },
    Defect {
        id: "wrong-room",
        violated: &["broadcast.delivered [Vendor]", "broadcast.independent", "broadcast.only-room [Vendor]"],
        causes: &["broadcast.delivered"],
        diagnosis: Some("wrong-room"),
        ..NONE
    },
    Defect {
        id: "suffixed-event",
        violated: &["broadcast.delivered [Partner]", "broadcast.independent", "broadcast.one-name [Partner]"],
        causes: &["broadcast.delivered"],
        diagnosis: Some("other-name"),
        ..NONE
    },
    Defect {
        id: "join-without-entering",
        violated: &["broadcast.delivered", "join.effective"],
        causes: &["broadcast.delivered"],
        diagnosis: Some("join-without-entering"),
        ..NONE
    },
    Defect {
        id: "broadcast-to-all",
        violated: &[
            "broadcast.concurrent",
            "broadcast.only-room",
            "join.not-inherited",
            "join.unknown-room",
            "leave.effective",
            "security.isolation",
        ],
        diagnosis: Some("broadcast-to-all"),
        ..NONE
    },
    Defect {
        id: "payload-differs",
        violated: &["payload.parity", "payload.schema [Vendor]", "payload.text [Vendor]"],
        causes: &["payload.text"],
        diagnosis: Some("payload-differs"),
        ..NONE
    },
    Defect {
        id: "double-broadcast",
        violated: &["broadcast.exactly-once"],
        causes: &["broadcast.exactly-once"],
        diagnosis: Some("double-broadcast"),
        ..NONE
    },
    Defect {
        id: "leave-without-leaving",
        violated: &["broadcast.only-room", "leave.effective"],
        diagnosis: Some("leave-without-leaving"),
        ..NONE
    },
    Defect {
        id: "stale-unread",
        violated: &["payload.unread"],
        causes: &["payload.unread"],
        diagnosis: Some("unread-miscounted"),
        ..NONE
    },
    // The one text of more than 100 characters goes to Vendor.
    Defect { id: "text-truncated", violated: &["payload.text"], diagnosis: Some("text-changed"), ..NONE },
    Defect {
        id: "join-once-only-first",
        violated: &["join.idempotent"],
        diagnosis: Some("second-join-doubles"),
        ..NONE
    },
    Defect {
        id: "status-broadcast",
        violated: &["broadcast.not-status"],
        diagnosis: Some("receipt-broadcast"),
        ..NONE
    },
    Defect { id: "unsorted-list", violated: &["list.sorted"], diagnosis: Some("list-unsorted"), ..NONE },
    Defect {
        id: "accepts-any-token",
        violated: &["auth.reject", "auth.rest"],
        diagnosis: Some("signature-not-verified"),
        ..NONE
    },
    Defect { id: "reply-sent-twice", violated: &["provider.reply-sent"], ..NONE },
    Defect {
        id: "provider-error-ignored",
        violated: &["provider.failing", "provider.refused", "provider.timeout"],
        ..NONE
    },
    Defect { id: "login-service-away-is-401", violated: &["auth.login-service"], ..NONE },
];

/// How many defects are tried at the same time: backends in Python and Node need a core each to keep their deadlines.
const AT_ONCE: usize = 4;

/// Runs the suite against an example backend with this defect, without the checks that need crowds or the heartbeat, which
/// no defect here touches. Where much will not come, most of a run is waiting: then more conversations are performed at a
/// time.
async fn judged(backend: &str, defect: &str, silent: bool) -> Report {
    let services = Services::new();
    let backend = Backend::start_calling(backend, defect, &services).await;
    let config = services.played(config(&backend.url));
    let skip = ["resilience.*", "transport.heartbeat"].map(str::to_owned);
    let mut options = RunOptions { checks: select(&[], &skip).unwrap(), ..all_checks() };
    if silent {
        options.jobs = 16;
    }
    run(&config, &Contract::room_updates(), &options).await.0
}

/// The violated verdicts: by id where every verdict of the check is violated, by name otherwise.
fn violated(verdicts: &[Verdict]) -> BTreeSet<String> {
    let mut by_id: BTreeMap<&str, Vec<&Verdict>> = BTreeMap::new();
    for verdict in verdicts {
        by_id.entry(verdict.id).or_default().push(verdict);
    }
    let mut names = BTreeSet::new();
    for (id, all) in by_id {
        match all.iter().all(|verdict| verdict.outcome.is_violated()) {
            true => names.extend([id.to_owned()]),
            false => names.extend(all.iter().filter(|v| v.outcome.is_violated()).map(|v| v.name())),
        }
    }
    names
}

/// Where a report is not what the defect must bring about.
fn differences(defect: &Defect, report: &Report) -> Vec<String> {
    let mut differences = Vec::new();
    let mut differ = |what: &str, expected: &BTreeSet<String>, got: &BTreeSet<String>| {
        if expected != got {
            differences.push(format!("{what}: expected {expected:?}, got {got:?}"));
        }
    };
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let certain: Vec<Verdict> =
        report.verdicts.iter().filter(|verdict| !defect.perhaps.contains(&verdict.id)).cloned().collect();
    differ("violated", &set(defect.violated), &violated(&certain));
    let causes = certain.iter().filter_map(|verdict| match &verdict.outcome {
        Outcome::NotTested { because: Some(because), .. } => Some((*because).to_owned()),
        Outcome::NotTested { reason, because: None } => Some(format!("none for {}: {reason}", verdict.name())),
        _ => None,
    });
    differ("causes of what was not tested", &set(defect.causes), &causes.collect());
    let diagnoses = report.diagnoses.iter().map(|diagnosis| diagnosis.id.to_owned()).collect();
    differ("diagnoses", &set(defect.diagnosis.as_slice()), &diagnoses);
    differences.extend(report.verdicts.iter().filter_map(|verdict| is_unsound(verdict, &report.verdicts)));
    differences.extend(unexcused(&certain));
    if report.conclusion != Conclusion::Violates {
        differences.push(format!("the conclusion: {:?}", report.conclusion));
    }
    differences
}

/// What would still stand in the way of "conforms" if all that is violated were known to fail.
fn unexcused(verdicts: &[Verdict]) -> Vec<String> {
    let known = |verdict: &Verdict| {
        let known = verdict.outcome.is_violated().then(|| "being mended".to_owned());
        Verdict { known, ..verdict.clone() }
    };
    let verdicts: Vec<Verdict> = verdicts.iter().map(known).collect();
    let in_the_way =
        |verdict: &&Verdict| matches!(verdict.outcome, Outcome::NotTested { .. }) && !is_excused(verdict, &verdicts);
    verdicts.iter().filter(in_the_way).map(|verdict| format!("{} is not excused", verdict.name())).collect()
}

/// A verdict that is the suite's own fault, or that blames a requirement which is not violated for its customer type.
fn is_unsound(verdict: &Verdict, all: &[Verdict]) -> Option<String> {
    let blamed = match &verdict.outcome {
        Outcome::HarnessError { reason } => return Some(format!("{}: harness error: {reason}", verdict.name())),
        Outcome::NotTested { because: Some(because), .. } => because,
        _ => return None,
    };
    let concerns =
        |cause: &Verdict| cause.subject.is_none() || verdict.subject.is_none() || cause.subject == verdict.subject;
    let guilty = |cause: &Verdict| cause.id == *blamed && cause.outcome.is_violated() && concerns(cause);
    (!all.iter().any(guilty)).then(|| format!("{} blames {blamed}, which is not violated", verdict.name()))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_defect_trips_exactly_what_it_must() {
    let runs = DEFECTS.iter().flat_map(|defect| ["fastapi", "node"].map(|backend| (backend, defect)));
    let outcomes = futures_util::stream::iter(runs).map(|(backend, defect)| async move {
        let report = judged(backend, defect.id, defect.is_silent()).await;
        let differences = differences(defect, &report);
        (!differences.is_empty()).then(|| format!("{} on {backend}:\n  {}", defect.id, differences.join("\n  ")))
    });
    let wrong: Vec<String> = outcomes.buffer_unordered(AT_ONCE).filter_map(std::future::ready).collect().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The text on a terminal, without colours.
fn on_a_terminal(report: &Report) -> String {
    let mut text = Vec::new();
    Terminal::new(anstream::StripStream::new(&mut text), Look::for_files(), Detail::Normal)
        .on_event(&RunEvent::Finished(report))
        .unwrap();
    String::from_utf8(text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_branch_is_told_with_the_line_that_mends_it() {
    let text = on_a_terminal(&judged("fastapi", "missing-partner-branch", true).await);
    let mut rest = text.as_str();
    for part in [
        // The cause, and what speaks for it.
        "Likely cause",
        "Partner messages are never broadcast: the branch for `customer_type == \"Partner\"` is missing",
        "Partner: heard by 0 of 3 members",
        "Customer: heard by 3 of 3 members within ",
        "Vendor: heard by 3 of 3 members within ",
        "SRDP: heard by 3 of 3 members within ",
        "Partner: the message was saved all the same, the chat list shows it",
        // Where to look, and the line.
        "look where `room_update_customer` is emitted to `CustomerApp`",
        "await sio.emit(\"room_update\", chat_summary, room=\"PartnerApp\")",
        // Which requirement, who should have heard, what was sent and answered.
        "broadcast.delivered [Partner]",
        "Every member of the type's room gets the type's event within the deadline.",
        "`room_update` to room PartnerApp within 2 s: 3 members",
        "none of them heard it",
        "Partner/websocket (websocket, port ",
        "join_room {\"room\":\"PartnerApp\"}",
        "sent: POST /api/chats/whatsapp_chat/15550100101",
        "200 in ",
        "saved all the same: the chat list shows",
        "Customer, Vendor, SRDP delivered, Partner did not",
        "exit code 1",
    ] {
        let words = part.split(' ').collect::<Vec<_>>();
        rest = find_words(rest, &words).unwrap_or_else(|| panic!("{part:?} is missing, or out of order, in\n{text}"));
    }
}

/// What follows these words, however the lines are broken between them.
fn find_words<'t>(text: &'t str, words: &[&str]) -> Option<&'t str> {
    let pattern = words.iter().map(|word| regex::escape(word)).collect::<Vec<_>>().join(r"\s+");
    let found = regex::Regex::new(&pattern).unwrap().find(text)?;
    Some(&text[found.end()..])
}
