//! Which messages were delivered before. Bounded: it remembers the last hundred thousand.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

const REMEMBERED: usize = 100_000;

/// The ids of the messages that have come in.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    ids: HashSet<Arc<str>>,
    oldest_first: VecDeque<Arc<str>>,
}

impl Seen {
    /// Notes the id; whether it was new.
    pub(super) fn first_time(&mut self, id: &str) -> bool {
        if self.ids.contains(id) {
            return false;
        }
        if self.oldest_first.len() == REMEMBERED
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.ids.remove(&oldest);
        }
        let id: Arc<str> = id.into();
        self.oldest_first.push_back(Arc::clone(&id));
        self.ids.insert(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_id_is_forgotten_first() {
        let mut seen = Seen::default();
        for n in 0..REMEMBERED {
            assert!(seen.first_time(&n.to_string()));
        }
        assert!(!seen.first_time("0"), "it is still remembered");
        assert!(seen.first_time("one more"));
        assert!(seen.first_time("0"), "it had to make room");
        assert!(!seen.first_time("2"), "the others are remembered");
        assert_eq!(seen.ids.len(), REMEMBERED);
    }
}
