//! What `--report` asks for: a format and a place, `junit:results.xml`, and the file behind it.
//!
//! Files are created when the command starts, empty, so that a bad path costs no run, and a report that an earlier run
//! left behind is never taken for this one's.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::{Detail, Json, Junit, Look, Markdown, Reporter, Terminal};

/// An output format of `--report`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// See `REPORT.md`.
    Json,
    /// JUnit XML.
    Junit,
    /// A summary in GitHub's Markdown.
    Markdown,
    /// What the terminal shows, without colours.
    Text,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Json, Self::Junit, Self::Markdown, Self::Text];

    /// The name by which `--report` knows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Junit => "junit",
            Self::Markdown => "markdown",
            Self::Text => "text",
        }
    }

    /// The ending by which a path without a format is understood.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Junit => "xml",
            Self::Markdown => "md",
            Self::Text => "txt",
        }
    }
}

/// One `--report`: `FORMAT`, `FORMAT:PATH`, or a `PATH` whose ending tells the format. `-` is standard output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportSpec {
    /// The format.
    pub format: Format,
    /// The file; standard output where there is none.
    pub path: Option<PathBuf>,
}

impl ReportSpec {
    /// Makes the reporter, and creates its file.
    ///
    /// # Errors
    /// [`ReportError::Create`].
    pub fn open(&self) -> Result<Box<dyn Reporter + Send>, ReportError> {
        let out: Box<dyn Write + Send> = match &self.path {
            Some(path) => Box::new(ReportFile::create(path)?),
            None => Box::new(io::stdout()),
        };
        Ok(match self.format {
            Format::Json => Box::new(Json::new(out)),
            Format::Junit => Box::new(Junit::new(out)),
            Format::Markdown => Box::new(Markdown::new(out)),
            Format::Text => Box::new(Terminal::new(anstream::StripStream::new(out), Look::for_files(), Detail::Normal)),
        })
    }

    /// `the junit report results.xml`.
    #[must_use]
    pub fn describe(&self) -> String {
        match &self.path {
            Some(path) => format!("the {} report {}", self.format.name(), path.display()),
            None => format!("the {} report", self.format.name()),
        }
    }
}

impl fmt::Display for ReportSpec {
    /// As on the command line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "{}:{}", self.format.name(), path.display()),
            None => f.write_str(self.format.name()),
        }
    }
}

impl FromStr for ReportSpec {
    type Err = ReportError;

    fn from_str(given: &str) -> Result<Self, ReportError> {
        let named = |name: &str| Format::ALL.into_iter().find(|format| format.name() == name);
        let (format, path) = match given.split_once(':') {
            Some((name, path)) if named(name).is_some() => (named(name), path),
            None if named(given).is_some() => (named(given), "-"),
            // A format that there is not; a single letter may be a drive.
            Some((name, _)) if name.len() > 1 && name.chars().all(|char| char.is_ascii_alphabetic()) => (None, given),
            _ => {
                let ending = Path::new(given).extension().and_then(|ending| ending.to_str()).unwrap_or_default();
                (Format::ALL.into_iter().find(|format| format.extension().eq_ignore_ascii_case(ending)), given)
            }
        };
        match format {
            Some(_) if path.is_empty() => Err(ReportError::NoPath { given: given.to_owned() }),
            Some(format) => Ok(Self { format, path: (path != "-").then(|| PathBuf::from(path)) }),
            None => Err(ReportError::UnknownFormat { given: given.to_owned() }),
        }
    }
}

/// A file that a report is written to, created before the run begins.
#[derive(Debug)]
pub struct ReportFile(BufWriter<File>);

impl ReportFile {
    /// Creates it, or empties what was there.
    ///
    /// # Errors
    /// [`ReportError::Create`] names the path and what the system said.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, ReportError> {
        let path = path.as_ref();
        match File::create(path) {
            Ok(file) => Ok(Self(BufWriter::new(file))),
            Err(source) => Err(ReportError::Create { path: path.to_owned(), advice: advice(path), source }),
        }
    }
}

/// What to do about a path that cannot be created.
fn advice(path: &Path) -> String {
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        _ if path.is_dir() => "it is a directory; name a file in it".to_owned(),
        Some(parent) if !parent.exists() => format!("the directory {} is missing; create it first", parent.display()),
        _ => "choose a path that you may write to".to_owned(),
    }
}

impl Write for ReportFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Why a report cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// Neither a format nor a path with a known ending.
    #[error("`{given}` is no report; expected FORMAT, FORMAT:PATH or PATH, as in `junit:results.xml` ({})", formats())]
    UnknownFormat {
        /// As on the command line.
        given: String,
    },
    /// A format and a colon, and nothing behind it.
    #[error("`{given}` names no file; expected a path behind the colon, or the format alone for standard output")]
    NoPath {
        /// As on the command line.
        given: String,
    },
    /// Two reports would be written over one another.
    #[error("the reports `{first}` and `{second}` go to the same place; give one of them another path")]
    SamePlace {
        /// As on the command line.
        first: String,
        /// As on the command line.
        second: String,
    },
    /// The file could not be created.
    #[error("cannot create the report {}: {source}; {advice}", path.display())]
    Create {
        /// The path.
        path: PathBuf,
        /// The next step.
        advice: String,
        /// What the system said.
        source: io::Error,
    },
    /// The file was created, and could not be written.
    #[error("cannot write {report}: {source}; the verdicts stand, that report is not whole")]
    Write {
        /// Which report.
        report: String,
        /// What the system said.
        source: io::Error,
    },
}

/// `json: .json, junit: .xml, …`
fn formats() -> String {
    Format::ALL.map(|format| format!("{}: .{}", format.name(), format.extension())).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{RunEvent, samples};

    fn understood(given: &str, format: Format, path: Option<&str>) {
        let spec: ReportSpec = given.parse().unwrap();
        assert_eq!(spec, ReportSpec { format, path: path.map(PathBuf::from) }, "{given}");
    }

    #[test]
    fn a_format_a_path_or_both_are_understood() {
        understood("json", Format::Json, None);
        understood("junit:-", Format::Junit, None);
        understood("junit:out/results", Format::Junit, Some("out/results"));
        understood("out/results.XML", Format::Junit, Some("out/results.XML"));
        understood("summary.md", Format::Markdown, Some("summary.md"));
        understood("json:a:b", Format::Json, Some("a:b"));
        understood("C:\\out\\report.json", Format::Json, Some("C:\\out\\report.json"));
    }

    #[test]
    fn what_is_printed_is_read_again() {
        for given in ["json", "junit:results.xml", "text:out.log"] {
            assert_eq!(given.parse::<ReportSpec>().unwrap().to_string(), given);
        }
    }

    #[test]
    fn a_typo_is_told_with_the_formats_there_are() {
        for given in ["junt:results.xml", "jnuit:results", "html:report.html", "report", ""] {
            let error = given.parse::<ReportSpec>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{given}`")) && error.contains("junit: .xml"), "{error}");
        }
        let error = "junit:".parse::<ReportSpec>().unwrap_err().to_string();
        assert!(error.contains("names no file"), "{error}");
    }

    #[test]
    fn every_format_writes_a_report_to_its_file() {
        let report = samples::missing_branch();
        for format in Format::ALL {
            let name = format!("conformance-report-{}.{}", std::process::id(), format.extension());
            let path = std::env::temp_dir().join(name);
            let mut reporter = ReportSpec { format, path: Some(path.clone()) }.open().unwrap();
            reporter.on_event(&RunEvent::Finished(&report)).unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            std::fs::remove_file(&path).unwrap();
            assert!(text.contains("broadcast.delivered") && text.ends_with('\n'), "{text}");
            assert!(!text.contains('\u{1b}'), "no colours in a file: {text}");
        }
    }

    #[test]
    fn a_path_that_cannot_be_written_is_told_with_the_next_step() {
        let missing = std::env::temp_dir().join("a-directory-that-is-not-there").join("results.xml");
        let error = ReportFile::create(&missing).unwrap_err().to_string();
        assert!(error.contains("results.xml") && error.contains("is missing; create it first"), "{error}");
        let error = ReportFile::create(std::env::temp_dir()).unwrap_err().to_string();
        assert!(error.contains("it is a directory"), "{error}");
    }
}
