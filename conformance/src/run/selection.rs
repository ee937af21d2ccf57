//! Which checks a run judges: `--run` and `--skip`, and the list of known failures.

use std::path::{Path, PathBuf};

use fixtures::requirements;

use crate::checks::{self, Check};
use crate::verdict::{Outcome, Verdict};

/// Why a selection or a list of known failures was refused.
#[derive(Debug, thiserror::Error)]
pub enum SelectionError {
    /// A pattern matches no check.
    #[error("`{pattern}` matches no check{}; `conformance list` shows them all", did_you_mean(.pattern))]
    MatchesNothing {
        /// The pattern.
        pattern: String,
    },
    /// The check needs a page.
    #[error("`{pattern}` is about what a page shows: `browser-tests run --page URL --run {id}` judges it")]
    NeedsPage {
        /// The pattern.
        pattern: String,
        /// The first check that it matches.
        id: &'static str,
    },
    /// There is such a requirement, but no check for it.
    #[error("`{id}` is a requirement without a check; `conformance explain {id}` says why")]
    WithoutCheck {
        /// The requirement's id.
        id: String,
    },
    /// No requirement has this id, or an id of this form.
    #[error("`{pattern}` matches no requirement{}; `conformance list` shows them all", did_you_mean_row(.pattern))]
    NoRequirement {
        /// The pattern.
        pattern: String,
    },
    /// `--run` and `--skip` leave nothing.
    #[error("--run and --skip leave no check; take away a pattern of --skip, or add one of --run")]
    NothingLeft,
    /// The list of known failures could not be read.
    #[error("cannot read the known failures {}: {source}; check the path; the file has a line each, `CHECK: REASON`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line of it is not what it should be.
    #[error("{}:{line}: {reason}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong, and what was expected.
        reason: String,
    },
}

/// The nearest check id or area, as a suggestion.
fn did_you_mean(pattern: &str) -> String {
    nearest(pattern, checks::all().map(|check| check.id))
}

/// The nearest requirement or area, as a suggestion.
fn did_you_mean_row(pattern: &str) -> String {
    nearest(pattern, requirements::all().iter().map(|row| row.id.as_str()))
}

fn nearest<'a>(pattern: &str, ids: impl Iterator<Item = &'a str>) -> String {
    let area_of = |id: &str| format!("{}.*", id.split('.').next().unwrap_or(id));
    let candidates: Vec<String> = ids.flat_map(|id| [id.to_owned(), area_of(id)]).collect();
    // Who wrote the beginning of an id, or its last part, left something out rather than wrote it wrong.
    let begun = |id: &&String| {
        let word = pattern.trim_end_matches(['.', '*']);
        word.len() > 2 && (id.starts_with(word) || id.split('.').any(|part| part == word))
    };
    if let Some(id) = candidates.iter().filter(begun).min_by_key(|id| (id.len(), *id)) {
        return format!(" (did you mean `{id}`?)");
    }
    fixtures::did_you_mean(pattern, candidates.iter().map(String::as_str))
        .map_or_else(String::new, |id| format!(" (did you mean `{id}`?)"))
}

/// Chooses among the checks of backends; see [`select_among`].
///
/// # Errors
/// [`SelectionError`] where a pattern matches nothing, or nothing is left.
pub fn select(run: &[String], skip: &[String]) -> Result<Vec<&'static Check>, SelectionError> {
    select_among(checks::of_backends(), run, skip)
}

/// Chooses among the offered checks those that match any of `run` (all where it is empty) and none of `skip`. `*` stands
/// for any text.
///
/// # Errors
/// [`SelectionError`] where a pattern matches nothing, or nothing is left.
pub fn select_among(
    offered: impl Iterator<Item = &'static Check>,
    run: &[String],
    skip: &[String],
) -> Result<Vec<&'static Check>, SelectionError> {
    let offered: Vec<&'static Check> = offered.collect();
    for pattern in run.iter().chain(skip) {
        if !offered.iter().any(|check| matches(pattern, check.id)) {
            if let Some(page) = checks::of_pages().find(|check| matches(pattern, check.id)) {
                return Err(SelectionError::NeedsPage { pattern: pattern.clone(), id: page.id });
            }
            return Err(match requirements::find(pattern) {
                Some(row) => SelectionError::WithoutCheck { id: row.id.clone() },
                None => SelectionError::MatchesNothing { pattern: pattern.clone() },
            });
        }
    }
    let chosen: Vec<_> = offered
        .into_iter()
        .filter(|check| run.is_empty() || run.iter().any(|pattern| matches(pattern, check.id)))
        .filter(|check| !skip.iter().any(|pattern| matches(pattern, check.id)))
        .collect();
    if chosen.is_empty() { Err(SelectionError::NothingLeft) } else { Ok(chosen) }
}

/// Whether the text is of the pattern's form.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|tail| {
            tail.char_indices().map(|(index, _)| index).chain([tail.len()]).any(|index| matches(rest, &tail[index..]))
        }),
    }
}

/// A violation that is expected, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownFailure {
    /// A check's id, or a verdict's name with its customer type: `broadcast.delivered [Partner]`.
    pub name: String,
    /// Why it is expected.
    pub reason: String,
}

/// The known failures of a target: a line each, `NAME: REASON`, `#` for comments.
#[derive(Debug, Clone, Default)]
pub struct KnownFailures(Vec<KnownFailure>);

impl KnownFailures {
    /// Reads the list.
    ///
    /// # Errors
    /// [`SelectionError`] names the file and the line.
    pub fn load(path: &Path) -> Result<Self, SelectionError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| SelectionError::Read { path: path.to_owned(), source })?;
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, SelectionError> {
        let mut known: Vec<KnownFailure> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let refuse = |reason: String| SelectionError::Line { path: path.to_owned(), line: index + 1, reason };
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, reason) = line
                .split_once(':')
                .map(|(name, reason)| (name.trim(), reason.trim()))
                .filter(|(_, reason)| !reason.is_empty())
                .ok_or_else(|| refuse(format!("expected `CHECK: REASON` or `CHECK [TYPE]: REASON`, found `{line}`")))?;
            let id = name.split_once(" [").map_or(name, |(id, _)| id);
            if id.contains('*') {
                return Err(refuse(format!(
                    "`{id}` stands for several checks; name each on a line of its own, with its reason"
                )));
            }
            if checks::find(id).is_none() {
                // Patterns are for --run and --skip.
                let suggestion =
                    Some(did_you_mean(id)).filter(|suggestion| !suggestion.contains('*')).unwrap_or_default();
                return Err(refuse(format!("there is no check `{id}`{suggestion}; `conformance list` shows them all")));
            }
            if known.iter().any(|earlier| earlier.name == name) {
                return Err(refuse(format!("`{name}` stands here twice")));
            }
            known.push(KnownFailure { name: name.to_owned(), reason: reason.to_owned() });
        }
        Ok(Self(known))
    }

    /// Marks the verdicts that were expected to be violated, whatever became of them.
    pub fn mark(&self, verdicts: &mut [Verdict]) {
        for verdict in verdicts {
            let name = verdict.name();
            let known = self.0.iter().find(|known| known.name == name || known.name == verdict.id);
            // A whole check is listed by its id: a type that passes is no news as long as another is violated.
            verdict.known = known.map(|known| known.reason.clone());
        }
    }

    /// The entries that name a verdict which there is not, although its check was judged: of a type that the contract has not.
    #[must_use]
    pub fn unmatched(&self, verdicts: &[Verdict]) -> Vec<&KnownFailure> {
        let is_unmatched = |known: &&KnownFailure| {
            let of_check = |verdict: &&Verdict| known.name.split_once(" [").is_some_and(|(id, _)| id == verdict.id);
            verdicts.iter().any(|verdict| of_check(&verdict))
                && verdicts.iter().all(|verdict| verdict.name() != known.name)
        };
        self.0.iter().filter(is_unmatched).collect()
    }

    /// The entries that name a verdict, or a whole check, that passes again: the list is out of date, which fails a run.
    #[must_use]
    pub fn passing_again(&self, verdicts: &[Verdict]) -> Vec<&KnownFailure> {
        let passes = |known: &&KnownFailure| {
            let mut concerned =
                verdicts.iter().filter(|verdict| verdict.id == known.name || verdict.name() == known.name).peekable();
            concerned.peek().is_some() && concerned.all(|verdict| matches!(verdict.outcome, Outcome::Passed { .. }))
        };
        self.0.iter().filter(passes).collect()
    }
}

#[cfg(test)]
mod tests {
    use fixtures::Level;

    use super::*;
    use crate::verdict::Finding;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text) in
            [("a.b", "a.b"), ("a.*", "a.b"), ("*", "a.b"), ("*.b", "a.b"), ("a*b*c", "a-b-b-c"), ("a.*", "a.")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a.b", "a.bc"), ("a.*", "b.a."), ("*.b", "a.bc"), ("", "a")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn a_pattern_that_matches_nothing_is_an_error_with_a_suggestion() {
        let error = select(&["broadcast.delivred".to_owned()], &[]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`broadcast.delivred` matches no check (did you mean `broadcast.delivered`?); `conformance list` shows them all"
        );
        let told = |pattern: &str| select(&[pattern.to_owned()], &[]).unwrap_err().to_string();
        assert!(told("brodcast.*").contains("(did you mean `broadcast.*`?)"), "{}", told("brodcast.*"));
        for (begun, whole) in [
            ("broadcast", "broadcast.*"),
            ("broadcast.deliv", "broadcast.delivered"),
            ("delivered", "broadcast.delivered"),
        ] {
            assert!(told(begun).contains(&format!("(did you mean `{whole}`?)")), "{}", told(begun));
        }
        assert!(!told("foo").contains("did you mean"), "{}", told("foo"));
        assert!(told("page.*").contains("browser-tests run --page URL --run page.join-logged"), "{}", told("page.*"));
        assert!(matches!(select(&["join.*".to_owned()], &["join*".to_owned()]), Err(SelectionError::NothingLeft)));
    }

    #[test]
    fn known_failures_need_a_check_and_a_reason() {
        let parse = |text| KnownFailures::parse(Path::new("known.txt"), text);
        assert_eq!(parse("# none yet\n\n").unwrap().0, []);
        let told = |text| parse(text).unwrap_err().to_string();
        assert_eq!(
            told("\nleave.rejoin"),
            "known.txt:2: expected `CHECK: REASON` or `CHECK [TYPE]: REASON`, found `leave.rejoin`"
        );
        assert_eq!(
            told("leave.rejoins: soon"),
            "known.txt:1: there is no check `leave.rejoins` (did you mean `leave.rejoin`?); `conformance list` shows them all"
        );
        assert_eq!(told("leave: soon"), "known.txt:1: there is no check `leave`; `conformance list` shows them all");
        assert_eq!(
            told("leave.*: soon"),
            "known.txt:1: `leave.*` stands for several checks; name each on a line of its own, with its reason"
        );
        assert_eq!(told("leave.rejoin: a\nleave.rejoin: b"), "known.txt:2: `leave.rejoin` stands here twice");
    }

    #[test]
    fn a_known_failure_passes_again_only_when_all_that_it_names_passes() {
        let verdict = |subject: &str, outcome| Verdict {
            id: "broadcast.delivered",
            subject: Some(subject.to_owned()),
            level: Level::Must,
            outcome,
            known: None,
        };
        let mut verdicts = vec![
            verdict("Partner", Outcome::Violated { finding: Finding::default() }),
            verdict("Vendor", Outcome::Passed { observations: 1 }),
        ];
        let known = |text| KnownFailures::parse(Path::new("known.txt"), text).unwrap();
        assert!(known("broadcast.delivered: being mended").passing_again(&verdicts).is_empty());
        assert_eq!(known("broadcast.delivered [Vendor]: being mended").passing_again(&verdicts).len(), 1);
        assert_eq!(known("broadcast.delivered [Vendro]: being mended").unmatched(&verdicts).len(), 1);
        assert!(known("broadcast.delivered [Vendor]: being mended").unmatched(&verdicts).is_empty());
        known("broadcast.delivered [Partner]: being mended").mark(&mut verdicts);
        assert_eq!(verdicts[0].known.as_deref(), Some("being mended"));
        assert_eq!(verdicts[1].known, None);
    }
}
