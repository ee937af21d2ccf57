//! A short summary in GitHub's Markdown, for a job's page (`--report markdown:$GITHUB_STEP_SUMMARY`) or a pull request.
//!
//! What a backend sent stands in fenced code only, where Markdown and HTML in it mean nothing.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::summary::{Standing, areas, by_reason, not_tested, tally, violations};
use super::text::{count, span, visible};
use super::{Conclusion, Report, Reporter, RunEvent};

/// Writes the summary when the run is over.
#[derive(Debug)]
pub struct Markdown<W>(W);

impl<W: Write> Markdown<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self(out)
    }
}

impl<W: Write> Reporter for Markdown<W> {
    fn on_event(&mut self, event: &RunEvent<'_>) -> io::Result<()> {
        if let RunEvent::Finished(report) = event {
            self.0.write_all(render(report).as_bytes())?;
            self.0.flush()?;
        }
        Ok(())
    }
}

fn render(report: &Report) -> String {
    let mut out = String::new();
    let ended = match report.conclusion {
        Conclusion::Conforms => "✅ conforms",
        Conclusion::Violates => "❌ violates the contract",
        Conclusion::CouldNotTest if report.interrupted => "⚠️ was interrupted",
        Conclusion::CouldNotTest => "⚠️ could not be tested",
    };
    let _ = writeln!(out, "## {} {ended}\n", code(&report.target));
    causes(&mut out, report);
    violated(&mut out, report, "### Violated\n", Standing::Violated);
    violated(&mut out, report, "### Warnings\n", Standing::Warning);
    for (cause, verdicts) in not_tested(report) {
        let _ = writeln!(out, "**Not tested:** {}\n\n{}", count(verdicts.len(), "verdict"), fenced("", &cause.words()));
    }
    for (reason, verdicts) in by_reason(report, Standing::HarnessError) {
        let missing = count(verdicts.len(), "verdict");
        let _ = writeln!(out, "**The suite's own fault, not the backend's:** {missing}\n\n{}", fenced("", reason));
    }
    table(&mut out, report);
    out
}

fn causes(out: &mut String, report: &Report) {
    for diagnosis in &report.diagnoses {
        let evidence: String = diagnosis.evidence.iter().map(|line| format!("\n· {line}")).collect();
        let _ = writeln!(out, "### Likely cause\n\n{}", fenced("", &format!("{}\n{evidence}", diagnosis.cause)));
        for remedy in &diagnosis.remedies {
            let language = match remedy.stack {
                "python-socketio" => "python",
                "Node" => "js",
                _ => "",
            };
            let title = if remedy.stack == "any" { "What to do" } else { remedy.stack };
            let _ = writeln!(out, "**{title}**\n\n{}", fenced(language, &remedy.code));
        }
    }
}

fn violated(out: &mut String, report: &Report, title: &str, standing: Standing) {
    let violations = violations(report, standing);
    if !violations.is_empty() {
        let _ = writeln!(out, "{title}");
    }
    for violation in violations {
        let _ = writeln!(out, "**`{}`** {}\n", violation.id, violation.text);
        for (subjects, finding) in &violation.findings {
            let types = if subjects.is_empty() { String::new() } else { format!("{}\n", subjects.join(", ")) };
            let evidence: String = finding.evidence.iter().map(|line| format!("\n  {line}")).collect();
            let found = format!("{types}expected  {}\nobserved  {}{evidence}", finding.expected, finding.observed);
            let _ = writeln!(out, "{}", fenced("", &found));
        }
    }
}

fn table(out: &mut String, report: &Report) {
    out.push_str("| area | checks | verdicts | |\n|---|--:|--:|---|\n");
    for area in areas(report) {
        let counts = tally(report, area.verdicts.iter().copied());
        let told: Vec<_> = counts.iter().map(|(standing, number)| standing.counted(*number)).collect();
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} |",
            area.name,
            area.checks().len(),
            area.verdicts.len(),
            told.join(", ")
        );
    }
    let times = |what: &str, times: &[crate::run::event::Latency]| {
        let told: Vec<_> =
            times.iter().map(|latency| format!("{} {}", code(&latency.customer_type), span(latency.median))).collect();
        if told.is_empty() { String::new() } else { format!(" {what} after (median): {}.", told.join(", ")) }
    };
    let heard = times("Heard", &report.latencies) + &times("Shown by the page", &report.shown);
    let _ = writeln!(out, "\nIn {}, exit code {}.{heard}", span(report.took), report.conclusion.exit_code());
}

/// An inline code span, whatever backticks are in the text.
fn code(text: &str) -> String {
    let text = visible(text).replace('\n', " ");
    let ticks = "`".repeat(longest_run(&text) + 1);
    if ticks.len() == 1 { format!("`{text}`") } else { format!("{ticks} {text} {ticks}") }
}

/// A code block, whatever backticks are in the text.
fn fenced(language: &str, text: &str) -> String {
    let text = visible(text);
    let fence = "`".repeat((longest_run(&text) + 1).max(3));
    format!("{fence}{language}\n{text}\n{fence}\n")
}

/// The length of the longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{self, violated};
    use crate::verdict::Finding;

    fn written(report: &Report) -> String {
        let mut markdown = Markdown::new(Vec::new());
        samples::play(report, &mut markdown);
        String::from_utf8(markdown.0).unwrap()
    }

    #[test]
    fn a_red_run_shows_the_cause_before_the_evidence_and_the_code_as_code() {
        let text = written(&samples::missing_branch());
        let position = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} is missing in\n{text}"));
        assert!(text.starts_with("## `http://127.0.0.1:8000` ❌ violates the contract\n"));
        assert!(position("### Likely cause") < position("### Violated"));
        position("```python\nelif customer_type == 'Partner':\n");
        position("| broadcast | 6 | 21 | 15 passed, 2 violated, 3 not tested, 1 left open |");
    }

    #[test]
    fn a_green_run_is_a_table() {
        let text = written(&samples::green());
        assert!(text.contains("✅ conforms") && !text.contains("###") && text.contains("exit code 0"), "{text}");
    }

    #[test]
    fn what_could_not_be_judged_is_told_with_its_reason() {
        let text = written(&samples::harness_error());
        assert!(
            text.contains("**The suite's own fault, not the backend's:** 4 verdicts\n\n```\nscenario burst: "),
            "{text}"
        );
        let text = written(&samples::nothing_tested());
        assert!(text.contains("**Not tested:** 64 verdicts\n\n```\nthe target refused"), "{text}");
    }

    #[test]
    fn what_a_backend_sent_cannot_leave_its_code_block() {
        let hostile = "```\n<script>alert(1)</script>\n# heading";
        let mut report = samples::green();
        report.verdicts =
            vec![violated("payload.text", Some("Partner"), Finding::new(hostile, "x").with([hostile.to_owned()]))];
        let text = written(&report);
        let fences: Vec<_> = text.lines().filter(|line| line.starts_with("````")).collect();
        assert_eq!(fences, ["````", "````"], "{text}");
        let inside = text.split("````").nth(1).unwrap();
        assert_eq!(text.matches("<script>").count(), inside.matches("<script>").count());
    }
}
