//! `conformance explain`: all there is to say about one requirement.

use conformance::checks;
use conformance::run::SelectionError;
use conformance::target::Capability;
use fixtures::{Coverage, requirements};

use super::list::level;
use conformance::cli::{CommandError, output};

/// Prints the requirement, its source, its check and the scenario that the check reads.
pub(super) fn explain(id: &str) -> Result<u8, CommandError> {
    let row = requirements::find(id)
        .ok_or_else(|| CommandError::usage(SelectionError::NoRequirement { pattern: id.to_owned() }))?;
    let mut out = format!("{} ({}, from {})\n\n  {}\n", row.id, level(row.level), row.source, row.text);
    match (&row.coverage, checks::find(id)) {
        (Coverage::Excluded(why), _) => out.push_str(&format!("\nNo check: {}\n", without_lead(why))),
        (Coverage::Check, None) => out.push_str("\nNo check.\n"),
        (Coverage::Check, Some(check)) => {
            let scenario = check.scenario;
            out.push_str(&format!("\nScenario `{}`: {}.\n", scenario.name, scenario.about));
            let others: Vec<&str> = checks::all()
                .filter(|other| other.scenario.name == scenario.name && other.id != id)
                .map(|other| other.id)
                .collect();
            if !others.is_empty() {
                out.push_str(&format!("The same conversation is judged by {}.\n", others.join(", ")));
            }
            let needs: Vec<&str> = check.all_needs().into_iter().map(Capability::name).collect();
            if !needs.is_empty() {
                out.push_str(&format!("Not applicable where the target lacks: {}.\n", needs.join(", ")));
            }
            let command = match checks::of_backends().any(|of_backends| of_backends.id == id) {
                true => "conformance run",
                false => "browser-tests run --page PAGE --profile FILE",
            };
            let faults = mock_server::faults::all().filter(|fault| fault.violates.contains(&id));
            let faults: Vec<&str> = faults.map(|fault| fault.id).collect();
            if let Some(first) = faults.first() {
                out.push_str(&format!("The mock's faults that violate it: {}.\n", faults.join(", ")));
                out.push_str(&format!("\nSee it violated: mock-server --fault {first}\n"));
            } else {
                out.push('\n');
            }
            out.push_str(&format!("Try it: {command} --run {id} --target URL\n"));
        }
    }
    output::print(&out)
}

/// The reason without what the line says already.
fn without_lead(why: &str) -> &str {
    why.strip_prefix("not checked yet: ").unwrap_or(why)
}
