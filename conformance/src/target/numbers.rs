//! Customers' numbers: a fresh one for each customer that a scenario speaks of, so that runs and scenarios do not meet.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use crate::config::NumberPattern;

/// Hands out numbers of each type's pattern, none of them twice.
pub struct Numbers {
    patterns: BTreeMap<String, NumberPattern>,
    issued: Mutex<Issued>,
}

#[derive(Default)]
struct Issued {
    /// Where each pattern goes on, and how many of its numbers were tried. Types with the same pattern share one.
    cursors: HashMap<NumberPattern, Cursor>,
    /// Patterns may overlap, and a business number may fit one.
    taken: HashSet<String>,
}

struct Cursor {
    next: u64,
    tried: u64,
}

/// Why there is no number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NumbersError {
    /// The contract has no such type: a mistake in a scenario.
    #[error("there is no customer type `{0}`; the scenario and the contract do not fit together")]
    UnknownType(String),
    /// All of them were handed out.
    #[error(
        "all {capacity} numbers of the pattern {pattern} are used up for {customer_type}; \
         give [types.{customer_type}] a `numbers` with more # in it"
    )]
    UsedUp {
        /// The type.
        customer_type: String,
        /// Its pattern.
        pattern: NumberPattern,
        /// How many numbers that stands for.
        capacity: u64,
    },
}

impl Numbers {
    /// Numbers for these types; those in `reserved` (the business numbers) are never handed out.
    pub(super) fn new(patterns: BTreeMap<String, NumberPattern>, reserved: impl IntoIterator<Item = String>) -> Self {
        let issued = Issued { cursors: HashMap::new(), taken: reserved.into_iter().collect() };
        Self { patterns, issued: Mutex::new(issued) }
    }

    /// What a type's numbers look like.
    pub(crate) fn pattern(&self, customer_type: &str) -> Option<String> {
        self.patterns.get(customer_type).map(NumberPattern::to_string)
    }

    /// A number that this run has not used yet. It begins at random, since earlier runs left chats behind.
    ///
    /// # Errors
    /// [`NumbersError`] when there is none.
    pub fn fresh(&self, customer_type: &str) -> Result<String, NumbersError> {
        let pattern =
            self.patterns.get(customer_type).ok_or_else(|| NumbersError::UnknownType(customer_type.to_owned()))?;
        let capacity = pattern.capacity();
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        let Issued { cursors, taken } = &mut *issued;
        let cursor =
            cursors.entry(pattern.clone()).or_insert_with(|| Cursor { next: fastrand::u64(..capacity), tried: 0 });
        while cursor.tried < capacity {
            let number = pattern.number(cursor.next);
            cursor.next = (cursor.next + 1) % capacity;
            cursor.tried += 1;
            if taken.insert(number.clone()) {
                return Ok(number);
            }
        }
        Err(NumbersError::UsedUp { customer_type: customer_type.to_owned(), pattern: pattern.clone(), capacity })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(patterns: &[(&str, &str)], reserved: &[&str]) -> Numbers {
        let pattern = |text| NumberPattern::parse(text).unwrap();
        let patterns = patterns.iter().map(|(name, text)| ((*name).to_owned(), pattern(text))).collect();
        Numbers::new(patterns, reserved.iter().map(|number| (*number).to_owned()))
    }

    #[test]
    fn no_number_is_handed_out_twice_even_where_patterns_overlap() {
        let numbers =
            numbers(&[("Partner", "1555010####"), ("Customer", "15550######"), ("Vendor", "1555010####")], &[]);
        let mut seen = HashSet::new();
        for index in 0..9_000 {
            let customer_type = ["Partner", "Customer", "Vendor"][index % 3];
            assert!(seen.insert(numbers.fresh(customer_type).unwrap()));
        }
    }

    #[test]
    fn all_but_the_reserved_numbers_are_handed_out_and_then_the_pattern_is_named() {
        let numbers = numbers(&[("Partner", "1555010####")], &["15550100101"]);
        let all: HashSet<String> = (0..9_999).map(|_| numbers.fresh("Partner").unwrap()).collect();
        assert_eq!(all.len(), 9_999);
        assert!(!all.contains("15550100101"));
        assert_eq!(
            numbers.fresh("Partner").unwrap_err().to_string(),
            "all 10000 numbers of the pattern 1555010#### are used up for Partner; \
             give [types.Partner] a `numbers` with more # in it"
        );
    }

    #[test]
    fn runs_begin_at_different_numbers() {
        let first = || numbers(&[("Partner", "1555010########")], &[]).fresh("Partner").unwrap();
        let firsts: HashSet<String> = (0..10).map(|_| first()).collect();
        assert!(firsts.len() > 1);
    }
}
