//! Keeps secrets out of everything that is shown or written: recordings, reports, messages.
//!
//! Known secrets are replaced wherever they stand; what merely looks like one (a JWT, a `token=` or `password=` value, a
//! JSON `"password"`) is replaced as well, since a backend may well echo what we never sent.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use regex::{Captures, Regex};

use crate::config::{HIDDEN, Secret};

/// Shorter secrets cannot be told from ordinary text: hiding every `1` would destroy a recording.
const MIN_LENGTH: usize = 4;

/// Whether a secret may just as well be a word of prose, such as the password `agent`. Then it is hidden where it stands as
/// a value, and words are left alone.
fn may_be_a_word(secret: &str) -> bool {
    secret.len() <= 12 && secret.chars().all(char::is_lowercase)
}

/// The text with a secret replaced that may be a word: where it stands in quotes, or behind `=`, and is not part of a longer
/// word.
fn without_values(text: &str, secret: &str) -> String {
    let mut hidden = String::with_capacity(text.len());
    let mut from = 0;
    for (start, _) in text.match_indices(secret) {
        let (before, after) = (&text[..start], &text[start + secret.len()..]);
        let is_value = before.ends_with(['"', '\'', '='])
            && !after.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-');
        hidden.push_str(&text[from..start]);
        hidden.push_str(if is_value { HIDDEN } else { secret });
        from = start + secret.len();
    }
    hidden.push_str(&text[from..]);
    hidden
}

/// What looks like a secret. The groups are the names in front of it, which are shown.
static SUSPECTS: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = concat!(
        // A JWT: base64url of `{"...`, a payload, and a signature that is empty for `alg: none`.
        r"\bey[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*",
        // The same where a quotation was cut short within it.
        r"|\bey[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?…",
        r#"|(?<query>\b(?:token|password)=)[^&\s"'\\]+"#,
        r#"|(?<json>"password"\s*:\s*")(?:\\.|[^"\\])+"#,
    );
    #[expect(clippy::expect_used, reason = "a constant pattern, which every test here compiles")]
    Regex::new(pattern).expect("the pattern is a regular expression")
});

/// What stands where a quotation was cut short.
const CUT: char = '…';

/// The text without what is left of a secret in front of a cut.
fn without_beginnings(text: &str, secret: &str) -> String {
    let mut hidden = String::with_capacity(text.len());
    let mut from = 0;
    for (cut, _) in text.match_indices(CUT) {
        let before = &text[from..cut];
        let beginnings = secret.char_indices().rev().map(|(end, _)| &secret[..end]);
        let mut beginnings = beginnings.filter(|beginning| beginning.len() >= MIN_LENGTH);
        match beginnings.find_map(|beginning| before.strip_suffix(beginning)) {
            Some(rest) => hidden.extend([rest, HIDDEN]),
            None => hidden.push_str(before),
        }
        from = cut;
    }
    hidden.push_str(&text[from..]);
    hidden
}

/// Hides secrets in texts. Clones share what they know, so a token that is learned later is hidden everywhere.
#[derive(Clone, Default)]
pub struct Redactor(Arc<RwLock<Known>>);

/// The secrets, in every spelling.
#[derive(Default)]
struct Known {
    /// Longer ones first.
    spellings: Vec<String>,
    /// Finds any of them, all at once: hardly any text holds one, and every text is looked through.
    any: Option<Regex>,
}

impl Known {
    /// Whether the text holds one of them, or what may be the beginning of one.
    fn may_be_in(&self, text: &str) -> bool {
        text.contains(CUT) || self.any.as_ref().is_none_or(|any| any.is_match(text))
    }
}

impl Redactor {
    /// A redactor that knows these secrets.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let redactor = Self::default();
        for secret in secrets {
            redactor.add(&secret);
        }
        redactor
    }

    /// Hides one more secret from now on, also as it is spelled within JSON and within a URL.
    pub fn add(&self, secret: &Secret) {
        let plain = secret.expose();
        if plain.len() < MIN_LENGTH {
            return;
        }
        let in_json = serde_json::Value::from(plain).to_string();
        let in_url = url::form_urlencoded::byte_serialize(plain.as_bytes()).collect();
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for spelling in [plain.to_owned(), in_json[1..in_json.len() - 1].to_owned(), in_url] {
            if !known.spellings.contains(&spelling) {
                known.spellings.push(spelling);
            }
        }
        // A secret that contains another one must go first, or its rest would stay.
        known.spellings.sort_by_key(|spelling| std::cmp::Reverse(spelling.len()));
        let escaped: Vec<String> = known.spellings.iter().map(|spelling| regex::escape(spelling)).collect();
        known.any = Regex::new(&escaped.join("|")).ok();
    }

    /// The text with every secret replaced by `***`; the same text, not copied, where there is none.
    #[must_use]
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let secrets = if known.may_be_in(text) { &known.spellings[..] } else { &[] };
        let mut text = Cow::Borrowed(text);
        for secret in secrets {
            if may_be_a_word(secret) {
                if text.contains(secret.as_str()) {
                    text = Cow::Owned(without_values(&text, secret));
                }
                continue;
            }
            if text.contains(secret.as_str()) {
                text = Cow::Owned(text.replace(secret.as_str(), HIDDEN));
            }
            if text.contains(CUT) {
                text = Cow::Owned(without_beginnings(&text, secret));
            }
        }
        let hide = |found: &Captures<'_>| {
            let name = found.name("query").or_else(|| found.name("json"));
            format!("{}{HIDDEN}", name.map_or("", |name| name.as_str()))
        };
        match SUSPECTS.replace_all(&text, hide) {
            Cow::Borrowed(_) => text,
            Cow::Owned(redacted) => Cow::Owned(redacted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZ2VudCJ9.c2lnbmF0dXJl";

    fn redact(text: &str) -> String {
        Redactor::default().redact(text).into_owned()
    }

    #[test]
    fn a_known_secret_is_hidden_in_every_spelling() {
        let redactor = Redactor::new([Secret::new("p\"a ss")]);
        assert_eq!(redactor.redact(r#"p"a ss {"pw":"p\"a ss"} ?pw=p%22a+ss"#), r#"*** {"pw":"***"} ?pw=***"#);
    }

    #[test]
    fn a_secret_that_is_learned_later_is_hidden_in_every_clone() {
        let redactor = Redactor::default();
        let clone = redactor.clone();
        redactor.add(&Secret::new("opaque-token"));
        assert_eq!(clone.redact("Bearer opaque-token"), "Bearer ***");
    }

    #[test]
    fn a_secret_within_a_longer_one_leaves_no_rest() {
        let redactor = Redactor::new([Secret::new("hunter2"), Secret::new("hunter2-long")]);
        assert_eq!(redactor.redact("hunter2-long and hunter2"), "*** and ***");
    }

    #[test]
    fn a_secret_that_is_a_word_is_hidden_as_a_value_and_left_alone_in_prose() {
        let redactor = Redactor::new([Secret::new("agent")]);
        let prose = "an agent reads the chat; agent-password, \"agents\", useragent=x";
        assert_eq!(redactor.redact(prose), prose);
        assert_eq!(
            redactor.redact(r#"{"username":"x","secret":"agent"} ?key=agent&x=1"#),
            r#"{"username":"x","secret":"***"} ?key=***&x=1"#
        );
    }

    #[test]
    fn what_a_cut_has_left_of_a_secret_is_hidden() {
        let redactor = Redactor::new([Secret::new("hunter2-long")]);
        assert_eq!(redactor.redact("was: hunter2…"), "was: ***…");
        assert_eq!(redactor.redact("hunt… and hunter2-lon… end"), "***… and ***… end");
        assert_eq!(redactor.redact("a hunt for…"), "a hunt for…");
        assert_eq!(redact(&format!("Bearer {}…", &JWT[..20])), "Bearer ***");
        assert_eq!(redact(&format!("Bearer {}…", &JWT[..30])), "Bearer ***");
    }

    #[test]
    fn what_looks_like_a_jwt_is_hidden() {
        assert_eq!(redact(&format!(r#"40{{"token":"{JWT}"}}"#)), r#"40{"token":"***"}"#);
        assert_eq!(redact("alg none: eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0. end"), "alg none: *** end");
    }

    #[test]
    fn values_of_token_and_password_are_hidden() {
        assert_eq!(redact("GET /ws/?token=abc&EIO=4"), "GET /ws/?token=***&EIO=4");
        assert_eq!(
            redact(r#"{"username":"agent","password": "a b\"c","x":1}"#),
            r#"{"username":"agent","password": "***","x":1}"#
        );
        assert_eq!(redact("username=agent&password=hunter2"), "username=agent&password=***");
    }

    #[test]
    fn ordinary_text_is_not_even_copied() {
        let redactor = Redactor::new([Secret::new("hunter2"), Secret::new("a")]);
        for text in ["room_update", "www.example.test", "1.2.3", "a message with an a in it", "eyes.on.me", "🙂"] {
            assert!(matches!(redactor.redact(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }
}
