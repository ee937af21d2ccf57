//! Agents' replies: what they said, what the agent was answered, and what the provider got of them.

use std::time::Duration;

use serde_json::Value;

use super::{Conversation, evidence, not_tested};
use crate::recording::{Peer, ProviderAnswer, What};
use crate::verdict::Failure;

/// A reply to a customer.
#[derive(Debug)]
pub struct Reply<'a> {
    /// The agent.
    pub peer: &'a Peer,
    /// The customer's number.
    pub number: &'a str,
    /// What it says.
    pub text: &'a str,
    /// When it was written.
    pub at: Duration,
    /// What the agent was answered, and when.
    pub answer: Option<(Duration, &'a Value)>,
    /// What the provider got of it, in the order of time.
    pub attempts: Vec<Attempt<'a>>,
}

/// Something that the provider's stand-in got.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// When.
    pub at: Duration,
    /// The number that it was for.
    pub to: &'a str,
    /// What it said; none where it was no text.
    pub text: Option<&'a str>,
    /// What it was answered.
    pub answered: ProviderAnswer,
}

impl Reply<'_> {
    /// How often the provider took it.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.attempts.iter().filter(|attempt| attempt.answered == ProviderAnswer::Takes).count()
    }

    /// The `status` that the agent was answered.
    #[must_use]
    pub fn status(&self) -> Option<i64> {
        self.answer?.1.get("status")?.as_i64()
    }

    /// The reply, what the provider got, and the agent's answer, a line each, in the order of time.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let shown = |text: &str| evidence::brief(&Value::from(text), 80);
        let mut lines = vec![(self.at, format!("{} replies to {}: {}", self.peer, self.number, shown(self.text)))];
        lines.extend(self.attempts.iter().take(8).map(|attempt| {
            let text = attempt.text.map_or_else(|| "no text".to_owned(), shown);
            (attempt.at, format!("the provider got {text} for {}; answer: {}", attempt.to, words(attempt.answered)))
        }));
        if let Some((at, answer)) = self.answer {
            lines.push((at, format!("{} is answered {}", self.peer, evidence::brief(answer, 120))));
        }
        lines.sort_by_key(|(at, _)| *at);
        lines.into_iter().map(|(at, line)| format!("{}  {line}", evidence::clock(at))).collect()
    }
}

fn words(answer: ProviderAnswer) -> &'static str {
    match answer {
        ProviderAnswer::Takes => "200",
        ProviderAnswer::Refuses => "400",
        ProviderAnswer::Fails => "503",
        ProviderAnswer::Silent => "none",
    }
}

impl<'a> Conversation<'a> {
    /// The replies to the customer who wrote the message of this label, in the order of writing; at least one.
    ///
    /// What the provider got belongs to the reply of the same text; what has the text of none, to the last one before.
    ///
    /// # Errors
    /// [`Failure::NotTested`] where no agent replied.
    pub fn replies_to(&self, label: &str) -> Result<Vec<Reply<'a>>, Failure> {
        let mut replies: Vec<Reply<'a>> = Vec::new();
        let of_this = |of: &str| of == label;
        for entry in &self.entries {
            if let (What::Replying { of, number, text }, Some(peer)) = (&entry.what, &entry.peer)
                && of_this(of)
            {
                let (at, answer) = (entry.at, self.answer_to_reply(peer, entry.at));
                replies.push(Reply { peer, number, text, at, answer, attempts: Vec::new() });
            }
        }
        for entry in &self.entries {
            let What::ProviderGot { of, to, text, answered } = &entry.what else { continue };
            let text = text.as_deref();
            let same_text = replies.iter().position(|reply| Some(reply.text) == text);
            let latest = || replies.iter().rposition(|reply| reply.at <= entry.at);
            if let Some(index) = same_text.or_else(latest).filter(|_| of_this(of)) {
                replies[index].attempts.push(Attempt { at: entry.at, to, text, answered: *answered });
            }
        }
        if replies.is_empty() {
            return Err(not_tested(format!("no agent replied to `{label}`")));
        }
        Ok(replies)
    }

    /// Whether anything at all came to the provider.
    #[must_use]
    pub fn provider_was_reached(&self) -> bool {
        self.entries.iter().any(|entry| matches!(entry.what, What::ProviderGot { .. }))
    }

    /// The answer to the reply that an agent wrote at `at`, before the next one of the same agent's.
    fn answer_to_reply(&self, peer: &Peer, at: Duration) -> Option<(Duration, &'a Value)> {
        let send = self.contract().send.as_ref()?;
        let connection = self.connections.iter().find(|connection| connection.peer == peer)?;
        let exchanges = connection.exchanges(&send.request, send.answer.as_deref()?);
        let (_, answer) = exchanges.into_iter().find(|(asked, _)| asked.at >= at)?;
        answer.and_then(|answer| Some((answer.at, answer.args.first()?)))
    }
}
