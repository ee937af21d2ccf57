//! Turns an unknown word into a next step: the known word that was meant, or the list of known ones.

/// How alike two words must be (Jaro-Winkler, 0 to 1) for one to be offered in place of the other.
const ALIKE: f64 = 0.8;

/// "did you mean `x`?" where a known word is like the unknown one, else the list of known words.
pub(crate) fn instead_of<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let likeness = |word: &str| {
        let (unknown, word) = (unknown.to_lowercase(), word.to_lowercase());
        // A word that was only begun, or that goes on where it should end, is nearer than any slip of the pen.
        let begun = unknown.len().min(word.len()) > 2 && (word.starts_with(&unknown) || unknown.starts_with(&word));
        if begun { 1.0 } else { strsim::jaro_winkler(&unknown, &word) }
    };
    let best = known.iter().map(|word| (likeness(word), word)).max_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((likeness, word)) if likeness >= ALIKE => format!("did you mean `{word}`?"),
        Some(_) => format!("expected one of: {}", known.join(", ")),
        None => "nothing is known here".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::instead_of;

    #[test]
    fn a_typo_is_answered_with_the_word_that_was_meant() {
        assert_eq!(instead_of("soket_path", ["target", "socket_path"]), "did you mean `socket_path`?");
        assert_eq!(instead_of("user", ["used", "username"]), "did you mean `username`?");
        assert_eq!(instead_of("partner", ["Partner", "Vendor"]), "did you mean `Partner`?");
    }

    #[test]
    fn a_foreign_word_is_answered_with_the_known_ones() {
        assert_eq!(instead_of("colour", ["target", "lacks"]), "expected one of: target, lacks");
    }
}
