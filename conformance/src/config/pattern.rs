//! The pattern of the customers' numbers that the suite may use: digits, with `#` for each digit that is its to choose.

use std::fmt;

/// How many `#` a pattern needs at least: a run uses some hundred numbers.
const MIN_FREE: usize = 4;
/// How many digits a number may have (E.164 allows 15).
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// E.g. `1555010########`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NumberPattern(String);

impl NumberPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it, as a fragment of a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(odd) = text.chars().find(|c| !c.is_ascii_digit() && *c != '#') {
            return Err(format!("`{text}` has {odd:?} in it, which is neither a digit nor #"));
        }
        if !DIGITS.contains(&text.len()) {
            let (least, most) = (DIGITS.start(), DIGITS.end());
            return Err(format!("`{text}` gives numbers of {} digits, not {least} to {most}", text.len()));
        }
        let free = text.matches('#').count();
        if free < MIN_FREE {
            return Err(format!("`{text}` leaves only {free} digits to choose (#), at least {MIN_FREE} are needed"));
        }
        Ok(Self(text.to_owned()))
    }

    /// How many numbers it stands for.
    #[must_use]
    pub fn capacity(&self) -> u64 {
        self.0.chars().filter(|c| *c == '#').fold(1, |capacity, _| capacity * 10)
    }

    /// The number whose free digits spell `index` (modulo the capacity), leading zeros included.
    #[must_use]
    pub fn number(&self, index: u64) -> String {
        let mut rest = index;
        let mut digits: Vec<char> = self.0.chars().collect();
        for digit in digits.iter_mut().rev().filter(|digit| **digit == '#') {
            *digit = char::from(b'0' + u8::try_from(rest % 10).unwrap_or_default());
            rest /= 10;
        }
        digits.into_iter().collect()
    }
}

impl Default for NumberPattern {
    /// Numbers that nobody has: 555-01xx is kept for fiction, and these are too long to be dialled.
    fn default() -> Self {
        Self("1555010########".to_owned())
    }
}

impl fmt::Display for NumberPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_free_digits_spell_the_index() {
        let pattern = NumberPattern::parse("1555010#9###").unwrap();
        assert_eq!(pattern.capacity(), 10_000);
        assert_eq!(pattern.number(0), "155501009000");
        assert_eq!(pattern.number(4321), "155501049321");
        assert_eq!(pattern.number(10_001), pattern.number(1));
    }

    #[test]
    fn the_default_is_a_pattern() {
        let default = NumberPattern::default();
        assert_eq!(NumberPattern::parse(&default.to_string()), Ok(default));
    }

    #[test]
    fn a_pattern_that_cannot_serve_is_refused() {
        let problem = |text| NumberPattern::parse(text).unwrap_err();
        assert_eq!(problem("+1555010####"), "`+1555010####` has '+' in it, which is neither a digit nor #");
        assert_eq!(problem("1555010###"), "`1555010###` leaves only 3 digits to choose (#), at least 4 are needed");
        assert_eq!(problem("1#####"), "`1#####` gives numbers of 6 digits, not 7 to 15");
    }
}
