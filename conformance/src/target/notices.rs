//! What a person should know while a run goes, such as rate limits that slow it down. Each thing is said once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Sentences, in the order in which they were first said. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Notices(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    said: Mutex<Vec<String>>,
    changed: Notify,
}

impl Notices {
    /// Says something, unless it was said before.
    pub fn tell(&self, sentence: &str) {
        let mut said = self.lock();
        if !said.iter().any(|earlier| earlier == sentence) {
            said.push(sentence.to_owned());
            self.0.changed.notify_waiters();
        }
    }

    /// Everything that was said so far.
    #[must_use]
    pub fn all(&self) -> Vec<String> {
        self.lock().clone()
    }

    /// The sentence with this index, as soon as it is said.
    pub async fn nth(&self, index: usize) -> String {
        loop {
            let changed = self.0.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(sentence) = self.lock().get(index) {
                return sentence.clone();
            }
            changed.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sentence_is_said_once_and_heard_by_who_waits_for_it() {
        let notices = Notices::default();
        let waiting = tokio::spawn({
            let notices = notices.clone();
            async move { notices.nth(1).await }
        });
        for sentence in ["slow", "slow", "slower"] {
            notices.tell(sentence);
        }
        assert_eq!(waiting.await.unwrap(), "slower");
        assert_eq!(notices.all(), ["slow", "slower"]);
    }
}
