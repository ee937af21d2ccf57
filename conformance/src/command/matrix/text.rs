//! The matrix as a table to be read: a fault, what it trips, and where that is not what it declares.

use std::collections::BTreeMap;

use conformance::report::{Look, wrap};

use super::Matrix;
use super::row::Row;

/// The whole table, with the conclusion at its end.
pub(super) fn of(matrix: &Matrix, look: Look) -> String {
    let widest = matrix.rows.iter().map(|row| name(row).len()).max().unwrap_or_default();
    let mut out = String::new();
    for row in &matrix.rows {
        let mark = if row.differences.is_empty() { '✓' } else { '✗' };
        let mut lead = format!("{mark} {:widest$}  ", name(row));
        for line in lines(row) {
            put(&mut out, &lead, widest + 4, &line, look);
            lead = " ".repeat(widest + 4);
        }
    }
    out.push('\n');
    for untripped in &matrix.untripped {
        let reason = untripped.excluded.unwrap_or("and there is no reason why none can");
        put(&mut out, "", 2, &format!("No fault trips {}: {reason}", untripped.requirement), look);
    }
    put(&mut out, "", 2, &conclusion(matrix), look);
    if look.unicode { out } else { out.replace('✓', "+").replace('✗', "x") }
}

fn name(row: &Row) -> &'static str {
    row.fault.unwrap_or("(no fault)")
}

/// What it trips, what cannot be tested for it, and what is wrong with that.
fn lines(row: &Row) -> Vec<String> {
    let (declared, besides): (Vec<&str>, Vec<&str>) =
        row.violated.iter().map(String::as_str).partition(|name| row.violates.contains(&requirement(name)));
    let mut lines = vec![if declared.is_empty() { "nothing".to_owned() } else { declared.join(", ") }];
    if !besides.is_empty() {
        lines.push(format!("besides: {}", besides.join(", ")));
    }
    if !row.not_tested.is_empty() {
        lines.push(format!("not tested: {}", not_tested(&row.not_tested)));
    }
    lines.extend(row.differences.iter().map(|difference| format!("NOT AS DECLARED: {difference}")));
    lines
}

/// `12 because of broadcast.delivered, 1 because of payload.schema`.
fn not_tested(by_cause: &BTreeMap<&str, Vec<String>>) -> String {
    let told = by_cause.iter().map(|(because, verdicts)| format!("{} because of {because}", verdicts.len()));
    told.collect::<Vec<_>>().join(", ")
}

/// A verdict's requirement.
fn requirement(verdict: &str) -> &str {
    verdict.split_once(' ').map_or(verdict, |(id, _)| id)
}

fn conclusion(matrix: &Matrix) -> String {
    let faults = matrix.rows.iter().filter(|row| row.fault.is_some()).count();
    let took = matrix.took.as_secs_f64();
    let differing = matrix.rows.iter().filter(|row| !row.differences.is_empty()).count();
    let unexcused = matrix.untripped.iter().filter(|untripped| !untripped.is_excused()).count();
    let early = matrix.interrupted.as_ref().map(|why| format!("{why}; ")).unwrap_or_default();
    match (differing, unexcused) {
        (0, 0) => format!("✓ {early}{faults} faults in {took:.0} s: each trips what it declares, and nothing else"),
        (_, 0) => format!("✗ {early}{faults} faults in {took:.0} s: {differing} not as declared"),
        _ => format!(
            "✗ {early}{faults} faults in {took:.0} s: {differing} not as declared; {unexcused} requirements that none trips"
        ),
    }
}

/// A text behind its lead, broken into lines that hang beside it.
fn put(out: &mut String, lead: &str, hang: usize, text: &str, look: Look) {
    for (index, line) in wrap(text, look.width.saturating_sub(hang).max(40)).iter().enumerate() {
        if index == 0 {
            out.push_str(lead);
        } else {
            out.push_str(&" ".repeat(hang));
        }
        out.push_str(line);
        out.push('\n');
    }
}
