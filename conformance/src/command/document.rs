//! `conformance list --markdown`: the checks and the conversations that they read, as the document `CHECKS.md`.

use conformance::checks::{self, Check, Judge};
use conformance::scenarios::{Blueprint, Phase};
use fixtures::{Coverage, Level, Requirement, requirements};

use super::list::level;

const HEAD: &str = "\
# Checks

What the suite asks of a backend, requirement by requirement, and how it finds out. `conformance explain ID` says the same
of one of them, `conformance run --run ID` tries it, and `--run 'AREA.*'` a whole area.

**MUST**: a violation fails the run. **SHOULD**: it is a warning, and fails the run under `--strict`. A check *per type* has
a verdict for each customer type. A check that *needs* something is not applicable where the target lacks it (`lacks` in
the configuration, or what follows from it). No check passes on silence: every refusal is measured against a good request
beside it, and that somebody heard nothing counts only where others heard. The checks of pages need one: `browser-tests run
--page URL` judges them, beside those of the backend that explain what a page does not show.

This file is written by `conformance list --markdown`; a test fails when it is out of date.
";

/// The whole document.
pub(super) fn document() -> String {
    let mut out = format!("{HEAD}\n{}", areas());
    let mut area = "";
    for row in covered() {
        if row.area() != area {
            area = row.area();
            out.push_str(&format!("\n## {area}\n"));
        }
        if let Some(check) = checks::find(&row.id) {
            out.push_str(&entry(row, check));
        }
    }
    out.push_str("\n## Conversations\n\nWhat is said to the backend, and which checks read what came of it.\n");
    for blueprint in conversations() {
        out.push_str(&conversation(blueprint));
    }
    out.push_str("\n## Without a check\n\n| requirement | level | why |\n|---|---|---|\n");
    for row in requirements::all() {
        if let Coverage::Excluded(why) = &row.coverage {
            out.push_str(&format!("| `{}` | {} | {} |\n", row.id, level(row.level), why.replace('|', "\\|")));
        }
    }
    out
}

fn covered() -> impl Iterator<Item = &'static Requirement> {
    requirements::all().iter().filter(|row| row.coverage == Coverage::Check)
}

/// How many checks there are, by area and level.
fn areas() -> String {
    let mut names: Vec<&str> = covered().map(Requirement::area).collect();
    names.dedup();
    let mut out = "| area | MUST | SHOULD |\n|---|---|---|\n".to_owned();
    for name in names {
        let count = |level| covered().filter(|row| row.area() == name && row.level == level).count();
        out.push_str(&format!("| [{name}](#{name}) | {} | {} |\n", count(Level::Must), count(Level::Should)));
    }
    out
}

fn entry(row: &Requirement, check: &Check) -> String {
    let scenario = check.scenario;
    let scope = match check.judge {
        Judge::PerRoute(_) => "per type",
        Judge::Whole(_) => "as a whole",
    };
    let needs: Vec<String> = check.all_needs().into_iter().map(|need| format!("`{}`", need.name())).collect();
    let needs = if needs.is_empty() { String::new() } else { format!(" · needs {}", needs.join(", ")) };
    format!(
        "\n### {}\n\n{}\n\n{} · {scope} · read from [{}](#{}){needs} · {}\n",
        row.id,
        row.text.trim(),
        level(row.level),
        scenario.name,
        scenario.name,
        if row.source == "contract" { "the contract" } else { &row.source },
    )
}

/// Every conversation, in the order in which the checks name them.
fn conversations() -> Vec<&'static Blueprint> {
    let all: Vec<&'static Check> = checks::all().collect();
    conformance::run::blueprints(&all)
}

fn conversation(blueprint: &Blueprint) -> String {
    let when = match blueprint.phase {
        Phase::First => "Held before all others, with nothing beside it.",
        Phase::Together => "Held together with others.",
        Phase::Beside => "Held beside everything else, from the start to the end.",
        Phase::Last => "Held after the others, with nothing beside it.",
        Phase::End => "Held at the very end.",
    };
    let readers: Vec<String> = checks::all()
        .filter(|check| check.scenario.name == blueprint.name)
        .map(|check| format!("[{}](#{})", check.id, check.id.replace('.', "")))
        .collect();
    let mut about: String = blueprint.about.to_owned();
    if let Some(first) = about.get(..1).map(str::to_uppercase) {
        about.replace_range(..1, &first);
    }
    format!("\n### {}\n\n{about}. {when}\n\nRead by {}.\n", blueprint.name, readers.join(", "))
}
