//! Templates of a trigger's request (minijinja), and the values that they are filled in with.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value};

use super::suggest::instead_of;

/// What a trigger is told of one inbound message. The field names are the names in templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values<'a> {
    /// The message's text.
    pub text: &'a str,
    /// The customer's number: digits.
    pub number: &'a str,
    /// The customer's profile name.
    pub name: &'a str,
    /// The customer type, e.g. `Partner`.
    pub customer_type: &'a str,
    /// The business number that the customer writes to; empty where the type has none.
    pub channel: &'a str,
    /// The provider's message id.
    pub message_id: &'a str,
    /// When the message was written: Unix seconds.
    pub timestamp: i64,
    /// The room that is to hear of it.
    pub room: &'a str,
    /// The event that is to be broadcast.
    pub event: &'a str,
}

impl Values<'_> {
    /// The values with their names.
    #[must_use]
    pub fn named(&self) -> [(&'static str, Value); 9] {
        [
            ("text", self.text.into()),
            ("number", self.number.into()),
            ("name", self.name.into()),
            ("customer_type", self.customer_type.into()),
            ("channel", self.channel.into()),
            ("message_id", self.message_id.into()),
            ("timestamp", self.timestamp.into()),
            ("room", self.room.into()),
            ("event", self.event.into()),
        ]
    }

    /// The names alone.
    #[must_use]
    pub fn names() -> [&'static str; 9] {
        Values::SAMPLE.named().map(|(name, _)| name)
    }

    /// Values to try a template with. The text has everything in it that breaks a naive template.
    const SAMPLE: Values<'static> = Values {
        text: "a \"quoted\"\nline \\ 'and' <more> & 🙂",
        number: "15550100001",
        name: "Sample \"Name\"",
        customer_type: "Sample",
        channel: "15550100101",
        message_id: "wamid.sample",
        timestamp: 1_771_929_000,
        room: "SampleRoom",
        event: "sample_event",
    };
}

/// What a template is meant to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gives {
    Text,
    Json,
}

/// A template that was tried out when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(String);

impl Template {
    /// Reads a template and tries it with values that break naive ones.
    ///
    /// # Errors
    /// What is wrong with it, as a fragment of a sentence that ends with the next step.
    pub(crate) fn parse(source: &str, gives: Gives) -> Result<Self, String> {
        let template = Self(source.to_owned());
        let rendered = template.render(&Values::SAMPLE)?;
        if gives == Gives::Json
            && let Err(error) = serde_json::from_str::<serde_json::Value>(&rendered)
        {
            return Err(format!(
                "the template gives no JSON once a text with quotes and line breaks is filled in ({error}); \
                 write {{{{ text | tojson }}}}, without quotes around it"
            ));
        }
        Ok(template)
    }

    /// The template, filled in.
    ///
    /// # Errors
    /// What is wrong with the template, as a fragment of a sentence that ends with the next step.
    pub fn render(&self, values: &Values<'_>) -> Result<String, String> {
        let environment = environment();
        environment.render_str(&self.0, BTreeMap::from(values.named())).map_err(|error| match error.kind() {
            ErrorKind::UndefinedError => self.unknown_name(&environment).unwrap_or_else(|| told(&error)),
            _ => told(&error),
        })
    }

    /// Whether the template uses this value.
    pub(crate) fn uses(&self, name: &str) -> bool {
        environment()
            .template_from_str(&self.0)
            .is_ok_and(|template| template.undeclared_variables(false).contains(name))
    }

    fn unknown_name(&self, environment: &Environment<'_>) -> Option<String> {
        let used = environment.template_from_str(&self.0).ok()?.undeclared_variables(false);
        let used: BTreeSet<String> = used.into_iter().collect();
        let unknown = used.iter().find(|name| !Values::names().contains(&name.as_str()))?;
        Some(format!("the template uses `{unknown}`, which is no value; {}", instead_of(unknown, Values::names())))
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment
}

fn told(error: &minijinja::Error) -> String {
    let line = error.line().map(|line| format!(" in its line {line}")).unwrap_or_default();
    let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
    format!("the template is wrong{line} ({}{detail}); see the minijinja syntax", error.kind())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_in_without_changing_the_text() {
        let template = Template::parse(r#"{"to": "{{ number }}", "body": {{ text | tojson }}}"#, Gives::Json).unwrap();
        let text = "\"é\u{0301}\" </b> \u{202e}שלום\n🙂";
        let rendered = template.render(&Values { text, ..Values::SAMPLE }).unwrap();
        let json: serde_json::Value = serde_json::from_str(&rendered).unwrap();
        assert_eq!(json, serde_json::json!({"to": "15550100001", "body": text}));
    }

    #[test]
    fn a_form_can_be_filled_in() {
        let template = Template::parse("Body={{ text | urlencode }}&From={{ number }}", Gives::Text).unwrap();
        let rendered = template.render(&Values { text: "a&b=ü", ..Values::SAMPLE }).unwrap();
        assert_eq!(rendered, "Body=a%26b%3D%C3%BC&From=15550100001");
    }

    #[test]
    fn a_text_in_bare_quotes_is_refused_before_it_breaks_a_run() {
        let problem = Template::parse(r#"{"body": "{{ text }}"}"#, Gives::Json).unwrap_err();
        assert!(problem.starts_with("the template gives no JSON once a text with quotes"), "{problem}");
        assert!(problem.ends_with("write {{ text | tojson }}, without quotes around it"), "{problem}");
    }

    #[test]
    fn an_unknown_value_is_answered_with_the_known_one() {
        let problem = Template::parse("{{ nubmer }}", Gives::Text).unwrap_err();
        assert_eq!(problem, "the template uses `nubmer`, which is no value; did you mean `number`?");
    }

    #[test]
    fn broken_syntax_is_told_with_its_line() {
        let problem = Template::parse("{\n{{ text }", Gives::Json).unwrap_err();
        assert!(problem.starts_with("the template is wrong in its line 2 (syntax error: "), "{problem}");
    }

    #[test]
    fn the_values_that_a_template_uses_are_known() {
        let template = Template::parse("{% if channel %}{{ text }}{% endif %}", Gives::Text).unwrap();
        assert!(template.uses("channel") && !template.uses("number"));
    }
}
