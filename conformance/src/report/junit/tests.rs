use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::Event;

use super::*;
use crate::report::samples::{self, violated};
use crate::verdict::Finding;

/// What `junit-10.xsd` allows of what we could write: the parent, the attributes, and those that must be there.
const ALLOWED: [(&str, &str, &[&str], &[&str]); 9] = [
    ("testsuites", "", &["name", "time", "tests", "failures", "errors"], &[]),
    (
        "testsuite",
        "testsuites",
        &["name", "tests", "failures", "errors", "time", "skipped", "timestamp"],
        &["name", "tests", "failures", "errors"],
    ),
    ("properties", "testsuite", &[], &[]),
    ("property", "properties", &["name", "value"], &["name", "value"]),
    ("testcase", "testsuite", &["name", "time", "classname"], &["name"]),
    ("failure", "testcase", &["type", "message"], &[]),
    ("error", "testcase", &["type", "message"], &[]),
    ("skipped", "testcase", &["type", "message"], &[]),
    ("system-out", "testcase", &[], &[]),
];

struct Element {
    name: String,
    parent: String,
    attributes: BTreeMap<String, String>,
    text: String,
}

fn written(report: &Report) -> String {
    let mut junit = Junit::new(Vec::new());
    samples::play(report, &mut junit);
    String::from_utf8(junit.out).unwrap()
}

fn elements(xml: &str) -> Vec<Element> {
    let mut reader = Reader::from_str(xml);
    let (mut found, mut open): (Vec<Element>, Vec<usize>) = (Vec::new(), Vec::new());
    loop {
        let event = reader.read_event().unwrap();
        match &event {
            Event::Eof => break,
            Event::Start(tag) | Event::Empty(tag) => {
                let attributes = tag.attributes().map(|attribute| {
                    let attribute = attribute.unwrap();
                    let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).unwrap().into_owned();
                    (String::from_utf8(attribute.key.as_ref().to_vec()).unwrap(), value)
                });
                let parent = open.last().map(|index| found[*index].name.clone()).unwrap_or_default();
                let name = String::from_utf8(tag.name().as_ref().to_vec()).unwrap();
                found.push(Element { name, parent, attributes: attributes.collect(), text: String::new() });
                if matches!(event, Event::Start(_)) {
                    open.push(found.len() - 1);
                }
            }
            Event::End(_) => drop(open.pop()),
            Event::Text(text) => {
                if let Some(index) = open.last() {
                    found[*index].text.push_str(&text.decode().unwrap());
                }
            }
            Event::GeneralRef(name) => {
                let entity = format!("&{};", name.decode().unwrap());
                found[*open.last().unwrap()].text.push_str(&quick_xml::escape::unescape(&entity).unwrap());
            }
            _ => {}
        }
    }
    found
}

fn count(elements: &[Element], name: &str) -> usize {
    elements.iter().filter(|element| element.name == name).count()
}

#[test]
fn every_report_keeps_to_the_schema_of_jenkins() {
    for report in samples::all() {
        for element in elements(&written(&report)) {
            let (_, parent, allowed, required) = ALLOWED.iter().find(|(name, ..)| *name == element.name).unwrap();
            assert_eq!(element.parent, *parent, "parent of {}", element.name);
            for attribute in element.attributes.keys() {
                assert!(allowed.contains(&attribute.as_str()), "{} has {attribute}", element.name);
            }
            for attribute in *required {
                assert!(element.attributes.contains_key(*attribute), "{} lacks {attribute}", element.name);
            }
            if let Some(time) = element.attributes.get("time") {
                assert!(time.chars().all(|c| c.is_ascii_digit() || c == '.'), "{time}");
            }
        }
    }
}

#[test]
fn the_counts_are_those_of_the_cases() {
    for report in samples::all() {
        let elements = elements(&written(&report));
        let root = &elements[0].attributes;
        for (attribute, element) in [("tests", "testcase"), ("failures", "failure"), ("errors", "error")] {
            assert_eq!(root[attribute], count(&elements, element).to_string(), "{attribute}");
            let suites = elements.iter().filter(|element| element.name == "testsuite");
            let sum: usize = suites.map(|suite| suite.attributes[attribute].parse::<usize>().unwrap()).sum();
            assert_eq!(root[attribute], sum.to_string(), "{attribute}");
        }
        assert_eq!(count(&elements, "testcase"), report.verdicts.len() + usize::from(report.interrupted));
    }
}

#[test]
fn a_violation_is_a_failure_with_evidence_and_remedy() {
    let elements = elements(&written(&samples::missing_branch()));
    let failure = elements.iter().find(|element| element.name == "failure").unwrap();
    assert!(failure.attributes["message"].ends_with("observed none of them heard it"), "{:?}", failure.attributes);
    for told in [
        &format!("MUST {}\n", text_of("broadcast.delivered")),
        "POST /api/chats/whatsapp_chat/15550100101 → 200",
        "sio.emit('room_update'",
    ] {
        assert!(failure.text.contains(told), "{told} is missing in {}", failure.text);
    }
    let untested = elements.iter().find(|element| element.name == "error").unwrap();
    assert_eq!(untested.attributes["type"], "not-tested");
    assert!(untested.attributes["message"].contains("broadcast.delivered"));
}

#[test]
fn known_failures_and_what_does_not_apply_are_skipped_and_a_warning_passes() {
    let elements = elements(&written(&samples::known_failures()));
    let messages: Vec<_> = elements
        .iter()
        .filter(|element| element.name == "skipped")
        .map(|element| element.attributes["message"].as_str())
        .collect();
    assert!(messages.contains(&"known failure: the SRDP clock is an hour off until the move"), "{messages:?}");
    assert!(messages.contains(&"the target is said to lack `logout`"), "{messages:?}");
    assert_eq!(count(&elements, "failure"), 1, "the known failure that passes again");
    let warnings = elements.iter().filter(|element| element.name == "system-out");
    assert!(warnings.clone().count() == 4 && warnings.into_iter().all(|warning| warning.text.starts_with("warning")));
}

#[test]
fn an_interrupted_run_is_not_taken_for_a_whole_one() {
    let elements = elements(&written(&samples::interrupted()));
    let error = elements.iter().find(|element| element.name == "error").unwrap();
    assert_eq!(error.attributes["type"], "interrupted");
}

#[test]
fn what_xml_cannot_hold_is_written_out() {
    let hostile = "a\u{0}b\u{1b}[31m\u{b}\u{ffff}\u{fffe} ]]> <x y='\"'>&amp;\u{85}\r";
    let mut report = samples::green();
    let finding = Finding::new(hostile, hostile).with([hostile.to_owned()]);
    report.verdicts = vec![violated("payload.text", Some(hostile), finding)];
    let xml = written(&report);
    let legal =
        |c: char| matches!(c, '\n' | ' '..='\u{7e}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(xml.chars().all(legal), "{xml:?}");
    let elements = elements(&xml);
    let told = "a\\u{0}b\\u{1b}[31m\\u{b}\\u{ffff}\\u{fffe} ]]> <x y='\"'>&amp;\\u{85}\\u{d}";
    let case = elements.iter().find(|element| element.name == "testcase").unwrap();
    assert_eq!(case.attributes["name"], format!("payload.text [{told}]"));
    let failure = elements.iter().find(|element| element.name == "failure").unwrap();
    assert!(failure.text.contains(&format!("observed  {told}")), "{}", failure.text);
}
