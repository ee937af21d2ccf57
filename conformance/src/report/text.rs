//! Text as it may be shown: nothing hidden, nothing that acts on a terminal, wrapped to its width.
//!
//! Findings quote what a backend sent, which may hold anything: escape sequences, bidirectional overrides, NUL.

use std::borrow::Cow;
use std::time::Duration;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Control characters, bidirectional controls and what XML cannot hold, written out as `\u{1b}`; a tab is four spaces.
/// Line feeds stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    let shown = |c: char| c == '\n' || !(c.is_control() || is_bidi_control(c) || matches!(c, '\u{fffe}' | '\u{ffff}'));
    if text.chars().all(shown) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\t' => out.push_str("    "),
            c if shown(c) => out.push(c),
            c => out.extend(c.escape_unicode()),
        }
    }
    Cow::Owned(out)
}

/// Reorders the text around it: Unicode's explicit directional formatting characters.
fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// For a terminal whose locale knows no Unicode: our own marks in ASCII, anything else as `\u{1f695}`.
pub(super) fn ascii(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '✓' => out.push('+'),
            '✗' => out.push('x'),
            '·' | '–' => out.push('-'),
            '→' => out.push_str("->"),
            '…' => out.push_str("..."),
            c if c.is_ascii() => out.push(c),
            c => out.extend(c.escape_unicode()),
        }
    }
    Cow::Owned(out)
}

/// How many columns a text takes.
pub(super) fn columns(text: &str) -> usize {
    text.width()
}

/// Breaks a text into lines of at most `width` columns: at spaces, and inside a word only where the word alone is too long.
#[must_use]
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for piece in paragraph.split_inclusive(' ') {
            let word = piece.trim_end_matches(' ');
            if !line.is_empty() && columns(&line) + columns(word) > width {
                lines.push(line.trim_end().to_owned());
                line.clear();
                if word.is_empty() {
                    continue;
                }
            }
            if columns(word) <= width {
                line.push_str(piece);
                continue;
            }
            for c in piece.chars() {
                if columns(&line) + c.width().unwrap_or(0) > width {
                    let rest = line.split_off(seam(&line));
                    lines.push(std::mem::replace(&mut line, rest));
                }
                line.push(c);
            }
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// Where a line that is one long word is best broken: behind the last of its commas and slashes, where that leaves enough.
fn seam(line: &str) -> usize {
    let behind = line.rfind([',', ';', '/', '&']).map(|at| at + 1);
    behind.filter(|at| *at > line.len() / 2).unwrap_or(line.len())
}

/// `3.1 ms`, `0.61 s`, `12 s`: to be read, not calculated with.
pub(super) fn span(took: Duration) -> String {
    let seconds = took.as_secs_f64();
    match seconds {
        _ if seconds < 0.0995 => format!("{:.1} ms", seconds * 1000.0),
        _ if seconds < 9.95 => format!("{seconds:.2} s"),
        _ => format!("{seconds:.0} s"),
    }
}

/// `1 verdict`, `2 verdicts`.
pub(super) fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_act_on_a_terminal_is_shown_instead() {
        assert_eq!(
            visible("a\u{1b}[31mb\0c\u{9b}d\r\u{202e}e\u{ffff}"),
            "a\\u{1b}[31mb\\u{0}c\\u{9b}d\\u{d}\\u{202e}e\\u{ffff}"
        );
        assert_eq!(visible("one\ntwo\tthree"), "one\ntwo    three");
    }

    #[test]
    fn any_other_text_stays_as_it_is() {
        for text in ["naïve 👩‍👩‍👧 שלום e\u{301}", "<b>&amp;</b>", ""] {
            assert!(matches!(visible(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn without_unicode_everything_is_still_told() {
        assert_eq!(ascii("✓ a → b… 🚕"), "+ a -> b... \\u{1f695}");
    }

    #[test]
    fn lines_break_at_spaces_and_keep_their_inner_spacing() {
        assert_eq!(wrap("0.101 s  sent to the room", 14), ["0.101 s  sent", "to the room"]);
        assert_eq!(wrap("  two\n\nthree", 20), ["  two", "", "three"]);
        assert_eq!(wrap("", 10), [""]);
    }

    #[test]
    fn a_word_longer_than_the_line_is_broken_and_nothing_is_lost() {
        let text = "see {\"last_message\":\"🚕🚕🚕🚕🚕🚕\"} there";
        let lines = wrap(text, 12);
        assert!(lines.iter().all(|line| columns(line) <= 12), "{lines:?}");
        assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
    }

    #[test]
    fn wide_characters_count_for_the_columns_they_take() {
        assert_eq!(wrap("日本 日本", 5), ["日本", "日本"]);
        assert_eq!(wrap("日本 日本", 9), ["日本 日本"]);
    }

    #[test]
    fn times_are_told_with_the_precision_that_matters() {
        let told = [0.0031, 0.0999, 0.614, 12.3].map(|seconds| span(Duration::from_secs_f64(seconds)));
        assert_eq!(told, ["3.1 ms", "0.10 s", "0.61 s", "12 s"]);
    }
}
