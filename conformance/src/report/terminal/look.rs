//! What the terminal at hand can show: its width and whether it knows Unicode. Colours are the output stream's business.

use terminal_size::{Width, terminal_size_of};

/// Columns where the output is no terminal: readable in a CI's log.
const ORDINARY_WIDTH: usize = 100;

/// Lines longer than this are hard to read, however wide the terminal.
const LONGEST_LINE: usize = 120;

/// How a report is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Columns to a line.
    pub width: usize,
    /// Whether anything but ASCII may be written.
    pub unicode: bool,
}

impl Look {
    /// For standard output as it is.
    #[must_use]
    pub fn of_stdout() -> Self {
        let width =
            terminal_size_of(std::io::stdout()).map_or(ORDINARY_WIDTH, |(Width(columns), _)| usize::from(columns));
        Self {
            width: width.clamp(40, LONGEST_LINE),
            unicode: cfg!(windows) || is_utf8(|name| std::env::var(name).ok()),
        }
    }

    /// For a file, which is UTF-8.
    #[must_use]
    pub fn for_files() -> Self {
        Self { width: ORDINARY_WIDTH, unicode: true }
    }
}

/// Whether the locale is UTF-8: the first of the three variables that is set decides (POSIX, 8.2).
fn is_utf8(variable: impl Fn(&str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(variable).find(|value| !value.is_empty());
    locale.is_some_and(|locale| locale.to_ascii_lowercase().replace('-', "").contains("utf8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locale(set: &[(&str, &str)]) -> bool {
        is_utf8(|name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_first_locale_variable_that_is_set_decides() {
        assert!(locale(&[("LANG", "en_GB.UTF-8")]));
        assert!(locale(&[("LC_ALL", ""), ("LC_CTYPE", "C.utf8"), ("LANG", "C")]));
        assert!(!locale(&[("LC_ALL", "C"), ("LANG", "en_GB.UTF-8")]));
        assert!(!locale(&[]));
    }
}
