//! Writes suites and cases as XML. What they mean is decided beside it.

use std::borrow::Cow;
use std::io::{self, Write};
use std::time::Duration;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::{Case, CaseResult, Suite};
use crate::report::Report;
use crate::report::text::visible;

/// Writes the whole document.
pub(super) fn write(mut out: impl Write, report: &Report, suites: &[Suite]) -> io::Result<()> {
    let mut xml = Writer::new_with_indent(&mut out, b' ', 2);
    let total = |element| suites.iter().map(|suite| suite.count(element)).sum::<usize>().to_string();
    let tests: usize = suites.iter().map(|suite| suite.cases.len()).sum();
    let attributes = [
        ("name", "conformance".to_owned()),
        ("tests", tests.to_string()),
        ("failures", total("failure")),
        ("errors", total("error")),
        ("time", seconds(report.took)),
    ];
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    xml.create_element("testsuites")
        .with_attributes(shown(&attributes))
        .write_inner_content(|xml| suites.iter().try_for_each(|suite| suite_element(xml, report, suite)))?;
    out.write_all(b"\n")
}

fn suite_element<W: Write>(xml: &mut Writer<W>, report: &Report, suite: &Suite) -> io::Result<()> {
    let mut attributes = vec![
        ("name", suite.name.to_owned()),
        ("tests", suite.cases.len().to_string()),
        ("failures", suite.count("failure").to_string()),
        ("errors", suite.count("error").to_string()),
        ("skipped", suite.count("skipped").to_string()),
        // Without an offset, UTC, as Ant writes it: some readers take no other form.
        ("timestamp", report.started.strftime("%Y-%m-%dT%H:%M:%S").to_string()),
    ];
    attributes.extend(suite.time.map(|time| ("time", seconds(time))));
    let properties = [
        ("target", report.target.as_str()),
        ("suite", report.suite.as_str()),
        ("strict", if report.strict { "true" } else { "false" }),
    ];
    xml.create_element("testsuite").with_attributes(shown(&attributes)).write_inner_content(|xml| {
        xml.create_element("properties").write_inner_content(|xml| {
            for (name, value) in properties {
                xml.create_element("property")
                    .with_attributes([("name", name), ("value", &visible(value))])
                    .write_empty()?;
            }
            Ok(())
        })?;
        suite.cases.iter().try_for_each(|case| case_element(xml, suite.name, case))
    })?;
    Ok(())
}

fn case_element<W: Write>(xml: &mut Writer<W>, area: &str, case: &Case) -> io::Result<()> {
    let mut attributes = vec![("classname", area.to_owned()), ("name", case.name.clone())];
    attributes.extend(case.time.map(|time| ("time", seconds(time))));
    let element = xml.create_element("testcase").with_attributes(shown(&attributes));
    match &case.result {
        CaseResult::Passed => element.write_empty()?,
        CaseResult::PassedWith { output } => element.write_inner_content(|xml| {
            xml.create_element("system-out").write_text_content(BytesText::new(&visible(output)))?;
            Ok(())
        })?,
        CaseResult::Other { element: name, kind, message, text } => element.write_inner_content(|xml| {
            let attributes = [("type", (*kind).to_owned()), ("message", message.replace('\n', " "))];
            xml.create_element(*name)
                .with_attributes(shown(&attributes))
                .write_text_content(BytesText::new(&visible(text)))?;
            Ok(())
        })?,
    };
    Ok(())
}

/// Attributes with everything that XML cannot hold written out.
fn shown<'a>(attributes: &'a [(&'a str, String)]) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> {
    attributes.iter().map(|(name, value)| (*name, visible(value)))
}

fn seconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64())
}
