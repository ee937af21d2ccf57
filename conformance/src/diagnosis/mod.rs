//! From failed verdicts and the recording to likely causes, with evidence and the line of code that mends each.
//!
//! A cause is a pattern over what was recorded, not over messages of checks. Nothing here changes a verdict.

mod causes;
mod facts;
mod red;

use serde::Serialize;

use crate::conversation::Conversation;
use crate::verdict::Verdict;
use facts::Facts;

/// A likely cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// Stable name: `missing-branch`.
    pub id: &'static str,
    /// The cause in a sentence.
    pub cause: String,
    /// What speaks for it.
    pub evidence: Vec<String>,
    /// Where to look and what to write.
    pub remedies: Vec<Remedy>,
    /// The names of the verdicts that it explains.
    pub explains: Vec<String>,
}

/// A remedy in terms of one stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remedy {
    /// `python-socketio`, `Node`, or `any`.
    pub stack: &'static str,
    /// The line of code, or what to do.
    pub code: String,
}

/// The likely causes of what is red, the most fundamental first; none where nothing is, or where nothing fits.
///
/// A cause that explains nothing which a more fundamental one has not explained already is that one, seen from another
/// side, and is left out: a reader gets as many causes as there are defects.
#[must_use]
pub fn diagnose(conversations: &[Conversation<'_>], verdicts: &[Verdict]) -> Vec<Diagnosis> {
    let mut found: Vec<Diagnosis> = Vec::new();
    if !verdicts.iter().any(|verdict| verdict.outcome.is_red()) {
        return found;
    }
    let facts = Facts::new(conversations, verdicts);
    for diagnosis in causes::ALL.iter().filter_map(|cause| cause(&facts)) {
        let known = |name: &String| found.iter().any(|earlier| earlier.explains.contains(name));
        if !diagnosis.explains.iter().all(known) {
            found.push(diagnosis);
        }
    }
    found
}
