//! HTTP requests of the suite's own and odd webhook calls, with what was answered.

use std::time::Duration;

use super::{Conversation, evidence, not_tested};
use crate::recording::What;
use crate::verdict::Failure;

/// A probe and its answer.
#[derive(Debug, Clone, Copy)]
pub struct Probed<'a> {
    /// When it was over.
    pub at: Duration,
    /// Its name within the scenario.
    pub name: &'a str,
    /// `GET /ws/?EIO=4`.
    pub request: &'a str,
    /// What came back.
    pub answer: Answer<'a>,
}

/// What came back.
#[derive(Debug, Clone, Copy)]
pub enum Answer<'a> {
    /// An answer.
    Status {
        /// The status; 101 where the connection became a WebSocket.
        status: u16,
        /// The headers, by their names in lower case.
        headers: &'a [(String, String)],
        /// The start of the body.
        body: &'a str,
    },
    /// Nothing, until the time was over.
    Silence(&'a str),
    /// The connection failed.
    Failed(&'a str),
}

impl Probed<'_> {
    /// The status, where there is one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.answer {
            Answer::Status { status, .. } => Some(status),
            _ => None,
        }
    }

    /// The first header of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let Answer::Status { headers, .. } = self.answer else { return None };
        headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// `403`, or why there was no answer.
    #[must_use]
    pub fn outcome(&self) -> String {
        match self.answer {
            Answer::Status { status, .. } => status.to_string(),
            Answer::Silence(reason) | Answer::Failed(reason) => reason.to_owned(),
        }
    }

    /// `0.213 s  an unknown transport: GET /ws/?… → 400: {"code":0…`
    #[must_use]
    pub fn line(&self) -> String {
        let body = match self.answer {
            Answer::Status { body, .. } if !body.is_empty() => format!(": {}", evidence::shorten(body, 120)),
            _ => String::new(),
        };
        format!("{}  {}: {} → {}{body}", evidence::clock(self.at), self.name, self.request, self.outcome())
    }
}

impl<'a> Conversation<'a> {
    /// Every probe, in the order of their answers.
    pub fn probes(&self) -> impl Iterator<Item = Probed<'a>> {
        self.entries.iter().filter_map(|entry| {
            let (name, request, answer) = match &entry.what {
                What::Probed { probe, request, status, headers, body, .. } => {
                    (probe, request, Answer::Status { status: *status, headers, body })
                }
                What::ProbeFailed { probe, request, reason, timed_out: true } => {
                    (probe, request, Answer::Silence(reason))
                }
                What::ProbeFailed { probe, request, reason, .. } => (probe, request, Answer::Failed(reason)),
                _ => return None,
            };
            Some(Probed { at: entry.at, name, request, answer })
        })
    }

    /// The probe of this name.
    ///
    /// # Errors
    /// [`Failure::NotTested`] where it was not made, with the reason.
    pub fn probe(&self, name: &str) -> Result<Probed<'a>, Failure> {
        self.probes().find(|probe| probe.name == name).ok_or_else(|| {
            let skipped = self.entries.iter().find_map(|entry| match &entry.what {
                What::Skipped { what, reason } if what == name => Some(reason.as_str()),
                _ => None,
            });
            not_tested(format!("{name}: {}", skipped.unwrap_or("it was not tried")))
        })
    }
}
