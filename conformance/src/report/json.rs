//! The report as one JSON document: `report.schema.json` describes it, `REPORT.md` explains it.

use std::io::{self, Write};

use fixtures::{Level, requirements};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{Report, Reporter, RunEvent};
#[cfg(test)]
use crate::run::event::FORMAT;

/// Writes the document when the run is over.
#[derive(Debug)]
pub struct Json<W>(W);

impl<W: Write> Json<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self(out)
    }
}

/// The whole document.
#[derive(serde::Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    report: &'a Report,
    exit_code: u8,
    requirements: Judged<'a>,
}

/// The rows of the requirements that verdicts are about, by id, in the order of the contract.
struct Judged<'a>(&'a Report);

#[derive(serde::Serialize)]
struct Row<'a> {
    level: Level,
    text: &'a str,
    source: &'a str,
}

impl Serialize for Judged<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        for row in requirements::all() {
            if self.0.verdicts.iter().any(|verdict| verdict.id == row.id) {
                map.serialize_entry(&row.id, &Row { level: row.level, text: &row.text, source: &row.source })?;
            }
        }
        map.end()
    }
}

impl<W: Write> Reporter for Json<W> {
    fn on_event(&mut self, event: &RunEvent<'_>) -> io::Result<()> {
        let RunEvent::Finished(report) = event else { return Ok(()) };
        let document = Document { report, exit_code: report.conclusion.exit_code(), requirements: Judged(report) };
        serde_json::to_writer_pretty(&mut self.0, &document)?;
        self.0.write_all(b"\n")?;
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::report::samples;
    use crate::report::summary::text_of;

    const SCHEMA: &str = include_str!("../../report.schema.json");
    const EXPLAINED: &str = include_str!("../../REPORT.md");

    fn document(report: &Report) -> Value {
        let mut json = Json::new(Vec::new());
        samples::play(report, &mut json);
        serde_json::from_slice(&json.0).unwrap()
    }

    /// The schema, made so strict that a key it does not describe is an error: readers must bear new keys, we must not forget any.
    fn strict_schema() -> Value {
        let mut schema: Value = serde_json::from_str(SCHEMA).unwrap();
        let defs = schema["$defs"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        for def in defs.into_iter().filter(|def| !def.ends_with("Outcome")) {
            schema["$defs"][def]["unevaluatedProperties"] = json!(false);
        }
        schema["unevaluatedProperties"] = json!(false);
        schema
    }

    #[test]
    fn every_report_is_valid_against_the_schema() {
        let validator = jsonschema::validator_for(&strict_schema()).unwrap();
        assert_eq!(strict_schema()["properties"]["format"]["const"], FORMAT);
        for report in samples::all() {
            let document = document(&report);
            let errors: Vec<_> =
                validator.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect();
            assert!(errors.is_empty(), "{errors:#?}");
        }
    }

    #[test]
    fn the_schema_refuses_what_is_no_report() {
        let validator = jsonschema::validator_for(&serde_json::from_str(SCHEMA).unwrap()).unwrap();
        let good = document(&samples::missing_branch());
        for (key, wrong) in [
            ("format", json!(2)),
            ("conclusion", json!("fine")),
            ("took", json!("1.2 s")),
            ("verdicts", json!([{"id": "auth.rest", "level": "MUST", "outcome": "passed"}])),
            ("verdicts", json!([{"id": "auth.rest", "level": "MUST", "outcome": "violated", "observations": 1}])),
        ] {
            let mut bad = good.clone();
            bad[key] = wrong;
            assert!(!validator.is_valid(&bad), "{key}: {}", bad[key]);
        }
    }

    #[test]
    fn every_key_of_the_schema_is_explained() {
        fn keys(schema: &Value, found: &mut Vec<String>) {
            let Some(object) = schema.as_object() else { return };
            if let Some(properties) = object.get("properties").and_then(Value::as_object) {
                found.extend(properties.keys().cloned());
            }
            object.values().for_each(|value| keys(value, found));
        }
        let mut found = Vec::new();
        keys(&serde_json::from_str(SCHEMA).unwrap(), &mut found);
        assert!(found.len() > 30, "{found:?}");
        for key in found {
            assert!(EXPLAINED.contains(&format!("`{key}`")), "REPORT.md does not explain `{key}`");
        }
    }

    #[test]
    fn a_verdict_says_what_was_found_and_its_requirement_stands_in_the_same_document() {
        let document = document(&samples::missing_branch());
        assert_eq!((&document["conclusion"], &document["exit_code"]), (&json!("violates"), &json!(1)));
        let verdicts = document["verdicts"].as_array().unwrap();
        let delivered = verdicts.iter().find(|verdict| verdict["outcome"] == "violated").unwrap();
        assert_eq!((&delivered["id"], &delivered["subject"]), (&json!("broadcast.delivered"), &json!("Partner")));
        assert_eq!(delivered["finding"]["observed"], "none of them heard it");
        let row = &document["requirements"]["broadcast.delivered"];
        assert_eq!((&row["text"], &row["level"]), (&json!(text_of("broadcast.delivered")), &json!("MUST")));
        assert_eq!(document["diagnoses"][0]["explains"][0], "broadcast.delivered [Partner]");
        assert_eq!(document["took"], 1.214);
    }
}
