//! The commented configuration that `conformance init` writes.

/// A configuration with every setting in it, commented out and explained. A line that begins with `#` and no space is
/// a setting; the tests uncomment them all.
#[must_use]
pub fn init_template() -> String {
    include_str!("init.toml").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, NumberPattern, TriggerKind};

    /// The settings in sections, uncommented: each begins with its header, the first has none.
    fn sections() -> Vec<String> {
        let mut sections = vec![String::new()];
        for line in init_template().lines() {
            let Some(setting) = line.strip_prefix('#').filter(|rest| !rest.starts_with(' ') && !rest.is_empty()) else {
                continue;
            };
            if setting.starts_with('[') {
                sections.push(String::new());
            }
            let section = sections.last_mut().unwrap();
            section.push_str(setting);
            section.push('\n');
        }
        sections
    }

    fn parse(text: &str) -> Config {
        Config::parse_with("conformance.toml", text, &|_| Some("from-the-environment".to_owned()))
            .unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    #[test]
    fn it_parses_as_it_is() {
        parse(&init_template());
    }

    #[test]
    fn every_setting_in_it_parses_when_it_is_uncommented() {
        let (triggers, others): (Vec<_>, Vec<_>) =
            sections().into_iter().partition(|section| section.starts_with("[trigger"));
        let config = parse(&others.concat());
        assert!(config.target.is_some() && config.auth.password.is_some() && !config.types.is_empty());
        let kinds: Vec<_> = triggers.iter().map(|trigger| parse(trigger).trigger.kind).collect();
        assert!(matches!(
            kinds[..],
            [TriggerKind::Whatsapp(_), TriggerKind::Http(_), TriggerKind::Socket(_), TriggerKind::Command(_)]
        ));
    }

    #[test]
    fn the_defaults_that_it_shows_are_the_defaults() {
        let others: Vec<_> = sections().into_iter().filter(|section| !section.starts_with("[trigger")).collect();
        let (shown, default) = (parse(&others.concat()), Config::default());
        assert_eq!(shown.deadlines, default.deadlines);
        assert_eq!(shown.types[0].numbers, NumberPattern::default());
        let paths = |config: &Config| {
            let auth = &config.auth;
            [&auth.login_path, &auth.logout_path, &auth.token_field, &auth.protected_path].map(String::clone)
        };
        assert_eq!(paths(&shown), paths(&default));
        assert_eq!((shown.auth.login_from, shown.auth.send), (default.auth.login_from, default.auth.send));
    }
}
