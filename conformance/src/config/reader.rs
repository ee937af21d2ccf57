//! Reads a TOML file table by table and remembers where everything stands, so that each mistake is reported with its
//! place, what was found, what was expected and a suggestion. It knows TOML and `${ENV}`, and no setting's meaning.

use std::sync::Arc;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, Place};
use super::expand::{Unexpandable, expand};
use super::secret::Secret;
use super::suggest::instead_of;

/// The file that is read.
pub(super) struct Document<'a> {
    pub file: Arc<str>,
    pub text: &'a str,
    /// The environment that `${ENV}` is looked up in.
    pub env: &'a dyn Fn(&str) -> Option<String>,
}

impl<'a> Document<'a> {
    /// Parses the file; a mistake in the TOML itself is reported where it stands.
    pub fn parse(&self) -> Result<DeTable<'a>, ConfigError> {
        DeTable::parse(self.text).map(Spanned::into_inner).map_err(|error| {
            let span = error.span().unwrap_or_default();
            let place = self.place(span.start);
            let reason = error.message().replace('\n', ", ");
            match self.text.get(span).filter(|_| reason == "duplicate key") {
                Some(key) => ConfigError::new(
                    Some(&place),
                    format!("`{key}` is there twice"),
                    "keep one of the two, with the settings of both",
                ),
                None => {
                    let problem = format!("this is not TOML: {reason}");
                    ConfigError::new(Some(&place), problem, "mend the line, or quote the text")
                }
            }
        })
    }

    /// The header above a byte of the file that is commented out, as `[auth]`, and its line.
    fn commented_header(&self, offset: usize) -> Option<(&'a str, usize)> {
        let lines = self.text.get(..offset)?.lines().zip(1..);
        let headers = lines.filter_map(|(line, number)| {
            let line = line.trim();
            let header = line.trim_start_matches('#').trim();
            let is_header = header.starts_with('[') && header.ends_with(']');
            is_header.then_some((header, number, line.starts_with('#')))
        });
        headers.last().filter(|&(.., is_comment)| is_comment).map(|(header, number, _)| (header, number))
    }

    /// The place of a byte of the file.
    pub fn place(&self, offset: usize) -> Place {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Place {
            file: Arc::clone(&self.file),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// A text of the file.
#[derive(Debug, Clone)]
pub(super) struct Text {
    /// What it says, its `${ENV}` filled in.
    pub value: String,
    pub place: Place,
    /// What was filled in from the environment: likely secrets.
    pub filled_in: Vec<String>,
}

/// One table of the file.
pub(super) struct Section<'a> {
    doc: &'a Document<'a>,
    table: &'a DeTable<'a>,
    /// Where its header stands.
    pub place: Place,
}

impl<'a> Section<'a> {
    /// The whole file.
    pub fn root(doc: &'a Document<'a>, table: &'a DeTable<'a>) -> Self {
        Self { doc, table, place: doc.place(0) }
    }

    /// Refuses every key but these.
    pub fn only(&self, known: &[&str]) -> Result<(), ConfigError> {
        let unknown = self.table.keys().filter(|key| !known.contains(&key.get_ref().as_ref()));
        match unknown.min_by_key(|key| key.span().start) {
            None => Ok(()),
            Some(key) => {
                let at = key.span().start;
                let help = match self.doc.commented_header(at) {
                    Some((header, line)) => {
                        format!("its header, {header} in line {line}, is a comment: take the # away")
                    }
                    None => instead_of(key.get_ref(), known.iter().copied()),
                };
                Err(ConfigError::new(Some(&self.doc.place(at)), format!("unknown key `{}`", key.get_ref()), help))
            }
        }
    }

    /// Where a key stands.
    pub fn place_of(&self, key: &str) -> Option<Place> {
        let (key, _) = self.table.get_key_value(key)?;
        Some(self.doc.place(key.span().start))
    }

    /// The keys with their places, in the file's order.
    pub fn keys(&self) -> Vec<(String, Place)> {
        let mut keys: Vec<_> = self.table.keys().collect();
        keys.sort_by_key(|key| key.span().start);
        keys.into_iter().map(|key| (key.get_ref().to_string(), self.doc.place(key.span().start))).collect()
    }

    /// A text. `expected` completes "expected ..." when something else stands there.
    pub fn text(&self, key: &str, expected: &str) -> Result<Option<Text>, ConfigError> {
        self.table.get(key).map(|value| self.text_of(key, value, expected)).transpose()
    }

    /// A text that must be given.
    pub fn required(&self, key: &str, expected: &str) -> Result<Text, ConfigError> {
        self.text(key, expected)?.ok_or_else(|| {
            ConfigError::new(Some(&self.place), format!("`{key}` is missing"), format!("expected {expected}"))
        })
    }

    /// A secret; an empty one is refused, as that is what a variable that was forgotten in CI looks like.
    pub fn secret(&self, key: &str) -> Result<Option<Secret>, ConfigError> {
        let Some(text) =
            self.text(key, &format!("text, best from the environment: \"${{{}}}\"", key.to_uppercase()))?
        else {
            return Ok(None);
        };
        if text.value.is_empty() {
            return Err(ConfigError::new(
                Some(&text.place),
                format!("`{key}` is empty"),
                "set the environment variable that it is taken from, or leave the key out",
            ));
        }
        Ok(Some(Secret::new(text.value)))
    }

    /// A text that some parser turns into a value; `expected` completes "expected ..." where it refuses.
    pub fn parsed<T>(
        &self,
        key: &str,
        expected: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(text) = self.text(key, expected)? else { return Ok(None) };
        parse(&text.value)
            .map(Some)
            .map_err(|reason| ConfigError::refused(&text.place, key, &reason, format!("expected {expected}")))
    }

    /// One of several words.
    pub fn one_of<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Result<Option<T>, ConfigError> {
        let names = words.iter().map(|(word, _)| *word);
        let expected = format!("one of: {}", names.clone().collect::<Vec<_>>().join(", "));
        let Some(text) = self.text(key, &expected)? else { return Ok(None) };
        match words.iter().find(|(word, _)| *word == text.value) {
            Some((_, meaning)) => Ok(Some(*meaning)),
            None => Err(ConfigError::new(
                Some(&text.place),
                format!("unknown {key} `{}`", text.value),
                instead_of(&text.value, names),
            )),
        }
    }

    /// A duration such as `"2s"`.
    pub fn duration(&self, key: &str) -> Result<Option<Duration>, ConfigError> {
        let expected = r#"a duration such as "300ms", "2s" or "1m""#;
        self.parsed(key, expected, super::parse_duration)
    }

    /// A whole number within a range.
    pub fn whole(&self, key: &str, range: std::ops::RangeInclusive<u32>) -> Result<Option<u32>, ConfigError> {
        let Some(value) = self.table.get(key) else { return Ok(None) };
        let number = match value.get_ref() {
            DeValue::Integer(number) => u32::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        match number.filter(|number| range.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => {
                let expected = format!("a whole number from {} to {}", range.start(), range.end());
                Err(self.mismatch(key, value, &expected))
            }
        }
    }

    /// `true` or `false`.
    pub fn flag(&self, key: &str) -> Result<Option<bool>, ConfigError> {
        match self.table.get(key) {
            None => Ok(None),
            Some(value) => match value.get_ref().as_bool() {
                Some(flag) => Ok(Some(flag)),
                None => Err(self.mismatch(key, value, "true or false")),
            },
        }
    }

    /// A list of texts.
    pub fn texts(&self, key: &str, expected: &str) -> Result<Vec<Text>, ConfigError> {
        let Some(value) = self.table.get(key) else { return Ok(Vec::new()) };
        let list = value.get_ref().as_array().ok_or_else(|| self.mismatch(key, value, expected))?;
        list.iter().map(|item| self.text_of(key, item, expected)).collect()
    }

    /// A table within this one.
    pub fn section(&self, key: &str) -> Result<Option<Section<'a>>, ConfigError> {
        let Some((name, value)) = self.table.get_key_value(key) else { return Ok(None) };
        let table =
            value.get_ref().as_table().ok_or_else(|| self.mismatch(key, value, &format!("a table, `[{key}]`")))?;
        Ok(Some(Section { doc: self.doc, table, place: self.doc.place(name.span().start) }))
    }

    fn text_of(&self, key: &str, value: &Spanned<DeValue<'_>>, expected: &str) -> Result<Text, ConfigError> {
        let raw = value.get_ref().as_str().ok_or_else(|| self.mismatch(key, value, expected))?;
        let place = self.doc.place(value.span().start);
        let expanded = expand(raw, self.doc.env).map_err(|reason| self.unexpandable(key, value, reason))?;
        Ok(Text { value: expanded.text, place, filled_in: expanded.values })
    }

    /// Points at the `${` itself where the file's spelling shows it.
    fn unexpandable(&self, key: &str, value: &Spanned<DeValue<'_>>, reason: Unexpandable) -> ConfigError {
        let span = value.span();
        let (start, problem, help) = match reason {
            Unexpandable::Unset(name) => (
                format!("${{{name}}}"),
                format!("`{key}` needs the environment variable {name}, which is not set"),
                format!("export {name}=... before the run; a literal `${{` is written `$${{`"),
            ),
            Unexpandable::NotAName(name) => (
                format!("${{{name}}}"),
                format!("`{key}` has `${{{name}}}`, which is no variable's name"),
                "expected ${NAME} of letters, digits and _; a literal `${` is written `$${`".to_owned(),
            ),
            Unexpandable::Unclosed => (
                "${".to_owned(),
                format!("`{key}` has a `${{` without its `}}`"),
                "close it, or write `$${` for a literal `${`".to_owned(),
            ),
        };
        let within = self.doc.text.get(span.clone()).and_then(|source| source.find(&start)).unwrap_or(0);
        ConfigError::new(Some(&self.doc.place(span.start + within)), problem, help)
    }

    fn mismatch(&self, key: &str, value: &Spanned<DeValue<'_>>, expected: &str) -> ConfigError {
        let found = match value.get_ref() {
            DeValue::String(_) => "text".to_owned(),
            DeValue::Integer(number) => format!("the number {number}"),
            DeValue::Float(number) => format!("the number {}", number.as_str()),
            DeValue::Boolean(flag) => format!("`{flag}`"),
            DeValue::Datetime(_) => "a date".to_owned(),
            DeValue::Array(_) => "a list".to_owned(),
            DeValue::Table(_) => "a table".to_owned(),
        };
        let place = self.doc.place(value.span().start);
        ConfigError::new(Some(&place), format!("`{key}` is {found}"), format!("expected {expected}"))
    }
}
