//! `conformance list`: the requirements and what covers them.

use conformance::run::matches;
use conformance::{checks, run::SelectionError};
use fixtures::{Coverage, Level, Requirement, requirements};

use super::args::ListArgs;
use super::document::document;
use conformance::cli::{CommandError, output};

/// Prints the requirement rows, a line each, as JSON, or as a document.
pub(super) fn list(args: &ListArgs) -> Result<u8, CommandError> {
    if args.markdown {
        return output::print(&document());
    }
    for pattern in &args.only {
        if !requirements::all().iter().any(|row| matches(pattern, &row.id)) {
            return Err(CommandError::usage(SelectionError::NoRequirement { pattern: pattern.clone() }));
        }
    }
    let chosen: Vec<&Requirement> = requirements::all()
        .iter()
        .filter(|row| args.only.is_empty() || args.only.iter().any(|pattern| matches(pattern, &row.id)))
        .collect();
    if args.json {
        let json = serde_json::to_string_pretty(&chosen).map_err(CommandError::usage)?;
        return output::print(&format!("{json}\n"));
    }
    let width = chosen.iter().map(|row| row.id.len()).max().unwrap_or(0);
    let mut out = String::new();
    for row in &chosen {
        let covered = match &row.coverage {
            Coverage::Check => checks::find(&row.id).map_or("no check", |check| check.scenario.name),
            Coverage::Excluded(_) => "-",
        };
        out.push_str(&format!("{:width$}  {:6}  {covered}\n", row.id, level(row.level)));
    }
    output::print(&out)
}

/// The word for a level.
pub(super) fn level(level: Level) -> &'static str {
    match level {
        Level::May => "MAY",
        Level::Should => "SHOULD",
        Level::Must => "MUST",
    }
}
