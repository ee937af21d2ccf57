//! Settings that are written as text: durations, base URLs, paths. The command's flags are read by the same functions.

use std::time::Duration;

/// More than this is a slip of the pen, and far more than clocks can count.
const LONGEST: Duration = Duration::from_hours(24);

use url::Url;

/// Reads a duration such as `300ms`, `2s` or `1m`, of a day at most.
///
/// # Errors
/// What is wrong with it, as a fragment of a sentence.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let duration: jiff::SignedDuration =
        text.parse().map_err(|_| format!("`{text}` is not a duration such as 300ms, 2s or 1m"))?;
    match Duration::try_from(duration) {
        Ok(duration) if duration > LONGEST => Err(format!("`{text}` is longer than a day")),
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err(format!("`{text}` is not more than nothing")),
    }
}

/// Reads a target's base URL: http or https, a path prefix is kept, nothing behind it.
///
/// # Errors
/// What is wrong with it, as a fragment of a sentence.
pub fn parse_base_url(text: &str) -> Result<Url, String> {
    let authority = text.split_once("://").map_or(text, |(_, rest)| rest).split(['/', '?', '#']).next();
    if authority.is_some_and(|authority| authority.contains('@')) {
        // Before anything else, as the other refusals repeat the text.
        return Err("a user name or password stands in the URL; credentials belong to [auth]".to_owned());
    }
    let url = match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => url,
        Ok(url) if matches!(url.scheme(), "ws" | "wss") => {
            let http = text.replacen("ws", "http", 1);
            return Err(format!("`{text}` names a WebSocket; did you mean `{http}`?"));
        }
        _ if !text.contains("://") => {
            return Err(format!("`{text}` has no scheme; did you mean `http://{text}`?"));
        }
        Ok(_) => return Err(format!("`{text}` is not an http or https URL")),
        Err(error) => return Err(format!("`{text}` is not a URL ({error})")),
    };
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("`{text}` has a query or a fragment; leave it out"));
    }
    Ok(url)
}

/// Reads a path on the target.
///
/// # Errors
/// What is wrong with it, as a fragment of a sentence.
pub fn parse_path(text: &str) -> Result<String, String> {
    if !text.starts_with('/') {
        return Err(format!("`{text}` does not begin with /"));
    }
    match text.chars().find(|c| c.is_whitespace() || c.is_control() || matches!(c, '?' | '#')) {
        Some(odd) => Err(format!("`{text}` has {odd:?} in it")),
        None => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(parse_duration("300ms"), Ok(Duration::from_millis(300)));
        assert_eq!(parse_duration("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(parse_duration("1m"), Ok(Duration::from_secs(60)));
        assert_eq!(parse_duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(parse_duration("2"), Err("`2` is not a duration such as 300ms, 2s or 1m".to_owned()));
        assert_eq!(parse_duration("0s"), Err("`0s` is not more than nothing".to_owned()));
        assert_eq!(parse_duration("24h"), Ok(LONGEST));
        assert_eq!(parse_duration("25h"), Err("`25h` is longer than a day".to_owned()));
        assert_eq!(parse_duration("-2s"), Err("`-2s` is not more than nothing".to_owned()));
    }

    #[test]
    fn a_base_url_keeps_its_path_prefix() {
        assert_eq!(parse_base_url("https://example.test/chat").unwrap().path(), "/chat");
    }

    #[test]
    fn a_base_url_that_cannot_be_used_is_answered_with_the_next_step() {
        let problem = |text| parse_base_url(text).unwrap_err();
        assert_eq!(problem("127.0.0.1:8000"), "`127.0.0.1:8000` has no scheme; did you mean `http://127.0.0.1:8000`?");
        assert_eq!(problem("localhost:8000"), "`localhost:8000` has no scheme; did you mean `http://localhost:8000`?");
        assert_eq!(
            problem("wss://example.test"),
            "`wss://example.test` names a WebSocket; did you mean `https://example.test`?"
        );
        assert_eq!(problem("ftp://example.test"), "`ftp://example.test` is not an http or https URL");
        assert_eq!(
            problem("http://example.test/?a=1"),
            "`http://example.test/?a=1` has a query or a fragment; leave it out"
        );
        assert_eq!(
            problem("http://example.test/@agent?a"),
            "`http://example.test/@agent?a` has a query or a fragment; leave it out"
        );
        assert!(problem("http://exa mple").starts_with("`http://exa mple` is not a URL ("));
    }

    #[test]
    fn a_password_in_a_url_is_refused_without_repeating_it() {
        for text in [
            "http://agent:hunter2@example.test",
            "http://agent:hunter2@example.test/?a=1",
            "ws://agent:hunter2@example.test",
            "agent:hunter2@example.test",
            "http://agent:hunter2@",
        ] {
            assert_eq!(
                parse_base_url(text),
                Err("a user name or password stands in the URL; credentials belong to [auth]".to_owned())
            );
        }
    }

    #[test]
    fn a_path_begins_with_a_slash_and_ends_before_the_query() {
        assert_eq!(parse_path("/ws"), Ok("/ws".to_owned()));
        assert_eq!(parse_path("ws"), Err("`ws` does not begin with /".to_owned()));
        assert_eq!(parse_path("/ws?x"), Err("`/ws?x` has '?' in it".to_owned()));
    }
}
