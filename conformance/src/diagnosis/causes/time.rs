//! Clocks and time zones: by how much, and how constantly, the backend's times differ from when things happened.

use fixtures::Role;
use jiff::{SignedDuration, Timestamp};

use super::super::facts::Facts;
use super::{Diagnosis, in_words, node, python};
use crate::checks::parse_time;
use crate::conversation::{Answer, Conversation, evidence};

/// How much the differences of one shifted clock may differ among themselves: whole seconds, and a slow broadcast.
const SPREAD: SignedDuration = SignedDuration::from_secs(5);

/// Time zones differ from UTC by multiples of this.
const QUARTER: i64 = 15 * 60;

/// Every time is off by the same amount: another clock, or another zone.
pub(super) fn times_shifted(facts: &Facts<'_, '_>) -> Option<Diagnosis> {
    if !facts.red.is_violated(&["payload.time"], None) {
        return None;
    }
    let key = facts.contract?.key(Role::Time)?;
    let mut told: Vec<(SignedDuration, &str, Timestamp)> = Vec::new();
    for (conversation, message, delivery) in facts.first_broadcasts() {
        let Some(text) = delivery.payload().and_then(|payload| payload.get(key)?.as_str()) else { continue };
        let when = conversation.header.started + message.starts();
        told.extend(parse_time(text).map(|time| (when.duration_until(time), text, when)));
    }
    told.sort_by_key(|(shift, ..)| *shift);
    let (shift, text, when) = *told.get(told.len() / 2)?;
    let steady = told.iter().filter(|(other, ..)| (*other - shift).abs() <= SPREAD).count();
    let skew = SignedDuration::try_from(facts.conversations.first()?.header.settings.skew).ok()?;
    if steady * 10 < told.len() * 9 || shift.abs() <= skew {
        return None;
    }
    let ahead = if shift.is_negative() { "behind" } else { "ahead" };
    let by = format!("{} {ahead}", words(shift.abs()));
    let dates = date_shifts(facts.conversations);
    let clock_is_off = dates.iter().filter(|date| (**date - shift).abs() <= SPREAD).count() * 2 > dates.len();
    let quarters = (shift.as_secs() + QUARTER / 2).div_euclid(QUARTER);
    let is_a_zone = quarters != 0
        && (SignedDuration::from_secs(quarters * QUARTER) - shift).abs() <= SPREAD
        && (-48..=56).contains(&quarters);
    let bare = text.parse::<Timestamp>().is_err();
    let mut evidence = vec![
        format!("`{key}`: {text:?} for a message of {when:.0}"),
        format!("{steady} of {} times are off by the same amount, {}", told.len(), words(shift.abs())),
    ];
    if let Some(date) = dates.first() {
        evidence.push(match clock_is_off {
            true => format!("the `Date` header of its answers is off as well, by {}", words(date.abs())),
            false => "the `Date` header of its answers is right".to_owned(),
        });
    }
    let explains = facts.red.explained(&["payload.time"], None);
    Some(if is_a_zone && !clock_is_off {
        Diagnosis {
            id: "times-without-offset",
            cause: match bare {
                true => format!("`{key}` is local time without an offset, {by} of UTC, as which everybody reads it"),
                false => format!("`{key}` is local time that passes for UTC (`Z`), {by} of it"),
            },
            evidence,
            remedies: vec![
                python(
                    "datetime.now(timezone.utc).isoformat()    # not datetime.now().isoformat(), with or without \"Z\"",
                ),
                node(
                    "new Date().toISOString()    // no moment().format(\"YYYY-MM-DDTHH:mm:ss\"), no time zone added by hand",
                ),
            ],
            explains,
        }
    } else {
        Diagnosis {
            id: "clock-skew",
            cause: format!(
                "the backend's clock and this machine's differ: its times are {by} of when the messages were sent"
            ),
            evidence,
            remedies: vec![in_words(
                "compare `date -u` on both machines, and let NTP set them; where a difference must be lived with, raise the allowed \
                 skew ([deadlines] skew)",
            )],
            explains,
        }
    })
}

/// By how much the `Date` headers of HTTP answers differ from when they came.
fn date_shifts(conversations: &[Conversation<'_>]) -> Vec<SignedDuration> {
    let mut shifts = Vec::new();
    for conversation in conversations {
        for probe in conversation.probes() {
            let Answer::Status { .. } = probe.answer else { continue };
            let date = probe.header("date").and_then(|text| jiff::fmt::rfc2822::parse(text).ok());
            shifts.extend(date.map(|date| (conversation.header.started + probe.at).duration_until(date.timestamp())));
        }
    }
    shifts.sort_unstable();
    shifts
}

/// `5 h 30 min`, `7 min 13 s`, `42 s`.
fn words(shift: SignedDuration) -> String {
    let seconds = shift.as_millis().saturating_add(500) / 1000;
    let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let told: Vec<String> = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .take(2)
        .map(|(number, unit)| format!("{number} {unit}"))
        .collect();
    if told.is_empty() { evidence::span(shift.unsigned_abs()) } else { told.join(" ") }
}
