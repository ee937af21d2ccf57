//! A page of text under construction: marks, styles, indents, wrapping. It knows nothing of what it shows.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use super::Look;
use crate::report::text::{ascii, columns, visible, wrap};

pub(super) const PLAIN: Style = Style::new();
pub(super) const STRONG: Style = Style::new().bold();
pub(super) const FAINT: Style = Style::new().dimmed();
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
pub(super) const BAD: Style = AnsiColor::Red.on_default();
pub(super) const DOUBT: Style = AnsiColor::Yellow.on_default();
pub(super) const CODE: Style = AnsiColor::Cyan.on_default();

/// What is written so far.
pub(super) struct Page {
    look: Look,
    text: String,
}

impl Page {
    pub fn new(look: Look) -> Self {
        Self { look, text: String::new() }
    }

    /// The page, with escape sequences for its styles.
    pub fn finish(self) -> String {
        self.text
    }

    /// An empty line, but none at the top and never two in a row.
    pub fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// A heading, with a gap before it.
    pub fn heading(&mut self, text: &str) {
        self.gap();
        self.item(0, (PLAIN, ""), (STRONG, text));
    }

    /// A lead (a mark, a label) and a text that is wrapped beside it.
    pub fn item(&mut self, indent: usize, lead: (Style, &str), text: (Style, &str)) {
        let mut first = self.fitted(lead.1);
        let mut body = self.fitted(text.1);
        let mut hang = indent + columns(&first);
        if hang > self.look.width / 2 {
            // Too little room would be left beside it.
            body.insert_str(0, &std::mem::take(&mut first));
            hang = indent + 2;
        }
        let lines = wrap(&body, self.look.width.saturating_sub(hang));
        for (index, line) in lines.iter().enumerate() {
            if index == 0 {
                let _ = write!(self.text, "{:indent$}", "");
                self.styled(lead.0, &first);
            } else if !line.is_empty() {
                let _ = write!(self.text, "{:hang$}", "");
            }
            self.styled(text.0, line);
            self.text.push('\n');
        }
    }

    /// A line of evidence. Where it begins with a time, what follows hangs beside the time.
    pub fn evidence(&mut self, indent: usize, line: &str) {
        match line.split_once("  ") {
            Some((time, rest)) if time.ends_with(" s") && time.len() <= 12 => {
                self.item(indent, (FAINT, &format!("{time}  ")), (PLAIN, rest));
            }
            _ => self.item(indent, (FAINT, "· "), (PLAIN, line)),
        }
    }

    /// Code beside a label: never wrapped, so that it can be copied.
    pub fn code(&mut self, indent: usize, label: &str, code: &str) {
        let label = self.fitted(label);
        let beside = " ".repeat(columns(&label));
        for (index, line) in code.lines().enumerate() {
            let _ = write!(self.text, "{:indent$}", "");
            self.styled(FAINT, if index == 0 { &label } else { &beside });
            let line = self.fitted(line);
            self.styled(CODE, &line);
            self.text.push('\n');
        }
    }

    /// The text as this terminal can show it.
    fn fitted(&self, text: &str) -> String {
        let text = visible(text);
        if self.look.unicode { text.into_owned() } else { ascii(&text).into_owned() }
    }

    fn styled(&mut self, style: Style, text: &str) {
        if style == PLAIN || text.trim().is_empty() {
            self.text.push_str(text);
        } else {
            let _ = write!(self.text, "{style}{text}{style:#}");
        }
    }
}
