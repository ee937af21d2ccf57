use super::*;
use crate::diagnosis::Remedy;
use crate::report::samples::{self, finding, violated};
use crate::report::summary::text_of;
use crate::report::text::columns;
use crate::verdict::Finding;

const WIDE: Look = Look { width: 100, unicode: true };

fn written(report: &Report, look: Look, detail: Detail) -> String {
    let mut terminal = Terminal::new(anstream::StripStream::new(Vec::new()), look, detail);
    samples::play(report, &mut terminal);
    String::from_utf8(terminal.out.into_inner()).unwrap()
}

/// Asserts that these stand in the text in this order.
fn in_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            panic!("{part:?} is missing, or out of order, in\n{text}")
        };
        rest = after;
    }
}

#[test]
fn a_green_run_is_a_line_an_area_and_a_conclusion() {
    let text = written(&samples::green(), WIDE, Detail::Normal);
    in_order(
        &text,
        &[
            "✓ transport   3 checks    6 verdicts   0.31 s\n",
            "✓ broadcast   6 checks   21 verdicts   0.31 s\n",
            "heard    Partner 3.1 ms · Customer 2.9 ms",
            "✓ http://127.0.0.1:8000 conforms: 22 requirements, 64 verdicts in 1.21 s (exit code 0)\n",
        ],
    );
    assert!(text.lines().count() <= 15, "{text}");
    assert_eq!(written(&samples::green(), WIDE, Detail::Quiet).lines().count(), 1);
}

#[test]
fn a_recording_that_is_judged_again_has_no_times() {
    let mut terminal = Terminal::new(anstream::StripStream::new(Vec::new()), WIDE, Detail::Normal);
    terminal.on_event(&RunEvent::Finished(&samples::green())).unwrap();
    let text = String::from_utf8(terminal.out.into_inner()).unwrap();
    assert!(text.starts_with("✓ transport   3 checks    6 verdicts\n"), "{text}");
}

#[test]
fn a_red_run_tells_the_cause_and_the_code_that_mends_it_before_anything_else() {
    let text = written(&samples::missing_branch(), WIDE, Detail::Normal);
    assert!(text.starts_with("Likely cause\n  ✗ The broadcast has no branch for Partner: "), "{text}");
    in_order(
        &text,
        &[
            "· POST /api/chats/whatsapp_chat/15550100101 was answered 200, and the chat list shows",
            "· the same message to Customer, Vendor and SRDP was heard within 3.3 ms",
            "    python-socketio  elif customer_type == 'Partner':\n",
            "                         await sio.emit('room_update', chat_summary, room='PartnerApp')\n",
            "    Node             io.to('PartnerApp').emit('room_update', chatSummary);\n",
            "explains  broadcast.delivered [Partner], broadcast.independent\n",
        ],
    );
}

#[test]
fn a_violation_tells_the_requirement_what_was_sent_who_should_have_heard_and_that_it_was_saved() {
    let text = written(&samples::missing_branch(), WIDE, Detail::Normal);
    in_order(
        &text,
        &[
            "\nViolated\n  ✗ broadcast.delivered [Partner]\n",
            &format!("    MUST      {}\n", text_of("broadcast.delivered")),
            "    expected  `room_update` to room PartnerApp within 2000 ms: 3 members",
            "    observed  none of them heard it\n",
            "      0.041 s  member/Partner/websocket (websocket, port 40112): join_room",
            "      0.052 s  sent: POST /api/chats/whatsapp_chat/15550100101 → 200 in 2.8 ms",
            "      0.061 s  saved all the same: the chat list shows",
            "  ✗ broadcast.independent\n",
        ],
    );
}

#[test]
fn what_was_not_tested_stands_below_its_cause_which_is_named_once() {
    let text = written(&samples::missing_branch(), WIDE, Detail::Normal);
    in_order(
        &text,
        &[
            "\nNot tested\n  ? 9 verdicts because broadcast.delivered [Partner] is violated\n",
            "    Partner: broadcast.exactly-once, broadcast.only-room,",
            "    payload.parity\n",
            "✗ broadcast   6 checks   21 verdicts   0.31 s  2 violated, 3 not tested, 1 left open\n",
        ],
    );
    assert_eq!(text.matches("is violated").count(), 1, "{text}");
}

#[test]
fn the_last_lines_tell_the_conclusion_the_exit_code_the_cause_and_the_next_step() {
    let text = written(&samples::missing_branch(), Look { width: 120, unicode: true }, Detail::Normal);
    in_order(
        &text,
        &[
            "heard    Partner never · Customer 2.9 ms · Vendor 3.0 ms · SRDP 3.3 ms",
            "✗ http://127.0.0.1:8000 violates 2 requirements: broadcast.delivered [Partner], broadcast.independent (exit code 1)\n",
            "  cause  The broadcast has no branch for Partner",
            "  next   `conformance explain broadcast.delivered` tells",
        ],
    );
}

#[test]
fn a_run_that_could_test_nothing_is_not_green_and_gives_the_reason_once() {
    let text = written(&samples::nothing_tested(), WIDE, Detail::Normal);
    assert_eq!(text.matches("refused the connection").count(), 1, "{text}");
    in_order(&text, &["? transport", "could not be had (exit code 3)\n", "  next   mend what is named above"]);
    assert!(!text.contains("heard "), "{text}");
}

#[test]
fn a_fault_of_the_suites_own_is_not_laid_at_the_backends_door() {
    let text = written(&samples::harness_error(), WIDE, Detail::Normal);
    in_order(
        &text,
        &[
            "The suite's own fault, not the backend's\n  ! scenario burst: the message `b7` was never named\n",
            "    broadcast.burst\n",
            "version (0.1.0)",
            "(exit code 3)",
            "report the suite's own fault",
        ],
    );
    assert!(!text.contains('✗'), "{text}");
}

#[test]
fn known_failures_warnings_and_what_does_not_apply_are_told_apart() {
    let text = written(&samples::known_failures(), WIDE, Detail::Normal);
    in_order(
        &text,
        &[
            "Warnings\n  ! broadcast.redelivery [Partner, Customer, Vendor, SRDP]\n    SHOULD    ",
            "Not tested\n  – 1 verdict, without weight in this run because payload.time [SRDP] is violated\n",
            "    SRDP: payload.text\n",
            "Known failures\n  – payload.time [SRDP]: the SRDP clock is an hour off",
            "! broadcast   6 checks   21 verdicts   0.31 s  4 warnings\n",
            "✗ payload     5 checks   17 verdicts   0.31 s  1 known to fail but passed, 1 left open, 1",
            "– 1 verdict not applicable, the target is said to lack `logout`: auth.logout\n",
            "! `payload.unread [SRDP]` is a known failure and passes: take it off the list",
            "does better than its list of known failures says (exit code 1)\n",
            "  next   take off the list what passes: payload.unread [SRDP]\n",
        ],
    );
}

#[test]
fn an_interrupted_run_says_so() {
    let text = written(&samples::interrupted(), WIDE, Detail::Normal);
    in_order(&text, &["was not judged to the end: interrupted after 9 verdicts (exit code 3)", "run it again"]);
}

#[test]
fn types_with_findings_of_their_own_stand_below_one_requirement() {
    let mut report = samples::green();
    let twice = Finding::new("once", "twice");
    report.verdicts = vec![
        violated("broadcast.exactly-once", Some("Partner"), finding()),
        violated("broadcast.exactly-once", Some("Customer"), twice),
        violated("broadcast.exactly-once", Some("Vendor"), finding()),
    ];
    let text = written(&report, WIDE, Detail::Normal);
    assert_eq!(text.matches(text_of("broadcast.exactly-once")).count(), 1, "{text}");
    in_order(
        &text,
        &[
            "    Partner, Vendor\n      expected  what the",
            "    Customer\n      expected  once\n      observed  twice\n",
        ],
    );
}

#[test]
fn long_evidence_is_shortened_and_whole_when_asked_for() {
    let mut report = samples::green();
    let lines = (0..30).map(|number| format!("{number}.000 s  heard copy {number}"));
    report.verdicts = vec![violated("broadcast.exactly-once", None, finding().with(lines))];
    let text = written(&report, WIDE, Detail::Normal);
    assert!(text.contains("heard copy 11\n") && !text.contains("heard copy 12\n"), "{text}");
    assert!(text.contains("… 18 lines more with `--verbose`"), "{text}");
    assert!(written(&report, WIDE, Detail::Verbose).contains("heard copy 29\n"));
}

#[test]
fn a_remedy_in_words_is_wrapped_and_every_cause_is_told() {
    let mut report = samples::missing_branch();
    let code =
        "check that the proxy keeps a client on one worker, by cookie or by source address, for polling to work at all"
            .to_owned();
    let mut second = report.diagnoses[0].clone();
    second.cause = "Polling is spread over several workers.".to_owned();
    second.remedies = vec![Remedy { stack: "any", code }];
    second.explains = (0..9).map(|number| format!("join.several [{number}]")).collect();
    report.diagnoses.push(second);
    let text = written(&report, Look { width: 60, unicode: true }, Detail::Normal);
    in_order(
        &text,
        &[
            "Likely causes\n  ✗ The broadcast has",
            "\n\n  ✗ Polling is spread",
            "    → check that the proxy keeps",
            " and 3 more\n",
        ],
    );
}

#[test]
fn verbose_lists_every_verdict_and_every_conversation() {
    let report = samples::missing_branch();
    let text = written(&report, WIDE, Detail::Verbose);
    for verdict in &report.verdicts {
        assert!(text.contains(&verdict.name()), "{} is missing", verdict.name());
    }
    in_order(
        &text,
        &["  ✓ broadcast.delivered [Customer]: 3 observations\n", "burst", "0.52 s\n", "one-message-per-type"],
    );
}

#[test]
fn lines_keep_to_the_width_except_for_code() {
    for width in [40, 60, 100] {
        for report in samples::all() {
            let text = written(&report, Look { width, unicode: true }, Detail::Verbose);
            let code: Vec<_> = report
                .diagnoses
                .iter()
                .flat_map(|cause| &cause.remedies)
                .flat_map(|remedy| remedy.code.lines())
                .collect();
            for line in text.lines().filter(|line| !code.iter().any(|code| line.ends_with(code))) {
                assert!(columns(line) <= width, "{} columns at a width of {width}: {line}", columns(line));
                assert_eq!(line.trim_end(), line);
            }
        }
    }
}

#[test]
fn a_label_that_leaves_no_room_beside_it_stands_above_its_text() {
    let mut report = samples::missing_branch();
    let long = "A customer type with a name that nobody would choose";
    for verdict in report.verdicts.iter_mut().filter(|verdict| verdict.subject.as_deref() == Some("Partner")) {
        verdict.subject = Some(long.to_owned());
    }
    let text = written(&report, Look { width: 60, unicode: true }, Detail::Normal);
    in_order(&text, &["    A customer type with a name that nobody would choose:\n      broadcast.exactly-once, "]);
}

#[test]
fn a_locale_without_unicode_gets_ascii() {
    for report in samples::all() {
        let text = written(&report, Look { width: 80, unicode: false }, Detail::Verbose);
        assert!(text.is_ascii(), "{text}");
    }
    let text = written(&samples::missing_branch(), Look { width: 100, unicode: false }, Detail::Normal);
    in_order(&text, &["  x The broadcast has no branch", "whatsapp_chat/15550100101 -> 200", "+ transport"]);
}

#[test]
fn what_a_backend_sent_cannot_act_on_the_terminal() {
    let mut report = samples::green();
    let hostile = "\u{1b}]0;title\u{7}\u{1b}[2J\u{202e}";
    report.verdicts =
        vec![violated("payload.text", Some(hostile), Finding::new(hostile, hostile).with([hostile.to_owned()]))];
    report.notices = vec![hostile.to_owned()];
    report.target = hostile.to_owned();
    let text = written(&report, WIDE, Detail::Verbose);
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()) && !text.contains('\u{202e}'), "{text:?}");
    assert!(text.contains("observed  \\u{1b}]0;title\\u{7}\\u{1b}[2J\\u{202e}\n"), "{text}");
}

#[test]
fn a_notice_is_told_once_to_who_reads_progress_and_report_on_one_screen() {
    let mut report = samples::green();
    report.notices = vec!["429: waiting 2 s".to_owned(), "a known failure passes".to_owned()];
    for (one_screen, times) in [(true, 0), (false, 1)] {
        let mut text = Vec::new();
        let terminal = Terminal::new(&mut text, WIDE, Detail::Normal);
        let mut terminal = if one_screen { terminal.beside_the_progress() } else { terminal };
        terminal.on_event(&RunEvent::Notice("429: waiting 2 s")).unwrap();
        terminal.on_event(&RunEvent::Finished(&report)).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text.matches("429: waiting 2 s").count(), times, "{text}");
        assert!(text.contains("a known failure passes"), "{text}");
    }
}

#[test]
fn figures_are_left_out_where_there_are_none_and_waiting_where_nobody_asked() {
    let mut report = samples::green();
    assert!(!written(&report, WIDE, Detail::Normal).contains("waiting  "));
    assert!(written(&report, WIDE, Detail::Verbose).contains("waiting  "));
    for latency in &mut report.latencies {
        latency.arrivals = 0;
    }
    assert!(!written(&report, WIDE, Detail::Normal).contains("heard    "));
}
