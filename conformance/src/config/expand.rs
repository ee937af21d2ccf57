//! `${ENV}` in a configuration's texts. `$${` stands for a literal `${`; any other `$` is itself.

/// A text with its variables filled in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expanded {
    pub text: String,
    /// The values that were filled in, in order: likely secrets.
    pub values: Vec<String>,
}

/// What is wrong with a `${...}`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unexpandable {
    /// The environment has no such variable.
    Unset(String),
    /// No `}` follows.
    Unclosed,
    /// What stands between the braces cannot be a variable's name.
    NotAName(String),
}

/// Fills in every `${NAME}` of a text by `env`.
pub(super) fn expand(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<Expanded, Unexpandable> {
    let mut expanded = Expanded { text: String::with_capacity(text.len()), values: Vec::new() };
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, from) = rest.split_at(at);
        if let Some(literal) = before.strip_suffix('$') {
            expanded.text.push_str(literal);
            expanded.text.push_str("${");
            rest = &from[2..];
            continue;
        }
        expanded.text.push_str(before);
        let (name, after) = from[2..].split_once('}').ok_or(Unexpandable::Unclosed)?;
        if !is_name(name) {
            return Err(Unexpandable::NotAName(name.to_owned()));
        }
        let value = env(name).ok_or_else(|| Unexpandable::Unset(name.to_owned()))?;
        expanded.text.push_str(&value);
        expanded.values.push(value);
        rest = after;
    }
    expanded.text.push_str(rest);
    Ok(expanded)
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(name: &str) -> Option<String> {
        (name == "HOST").then(|| "example.test".to_owned())
    }

    #[test]
    fn a_variable_is_filled_in_wherever_it_stands() {
        let expanded = expand("https://${HOST}/a?b=${HOST}", &env).unwrap();
        assert_eq!(expanded.text, "https://example.test/a?b=example.test");
        assert_eq!(expanded.values, ["example.test", "example.test"]);
    }

    #[test]
    fn a_doubled_dollar_keeps_the_braces_as_they_are() {
        assert_eq!(expand("$${HOST} costs $5", &env).unwrap().text, "${HOST} costs $5");
    }

    #[test]
    fn a_value_is_not_expanded_again() {
        let nested = |_: &str| Some("${HOST}".to_owned());
        assert_eq!(expand("${ANY}", &nested).unwrap().text, "${HOST}");
    }

    #[test]
    fn what_cannot_be_filled_in_is_told_apart() {
        assert_eq!(expand("${TOKEN}", &env), Err(Unexpandable::Unset("TOKEN".to_owned())));
        assert_eq!(expand("${HOST", &env), Err(Unexpandable::Unclosed));
        assert_eq!(expand("${MY HOST}", &env), Err(Unexpandable::NotAName("MY HOST".to_owned())));
    }
}
