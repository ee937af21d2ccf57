//! From failed verdicts and the recording to likely causes, with evidence and the line of code that mends each.
//!
//! A cause is a pattern over what was recorded, not over messages of checks. Nothing here changes a verdict.

mod causes;
mod facts;

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

/// The likely causes of what is violated; none where nothing is, or where nothing fits.
#[must_use]
pub fn diagnose(conversations: &[Conversation<'_>], verdicts: &[Verdict]) -> Vec<Diagnosis> {
    if !verdicts.iter().any(|verdict| verdict.outcome.is_violated()) {
        return Vec::new();
    }
    let facts = Facts::new(conversations, verdicts);
    causes::ALL.iter().filter_map(|cause| cause(&facts)).collect()
}
