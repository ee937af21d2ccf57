//! The built command as a child process.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

/// Far more than any of these calls needs, also where other work keeps the machine busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A call of the command, about to be made.
pub struct Conformance(Command);

/// The command with these arguments.
pub fn conformance<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Conformance {
    let mut command = Command::new(env!("CARGO_BIN_EXE_conformance"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "RUST_BACKTRACE"] {
        command.env_remove(variable);
    }
    command.env("LC_ALL", "C.UTF-8");
    Conformance(command)
}

impl Conformance {
    /// With one more variable in its environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.0.env(name, value);
        self
    }

    /// Run in this folder.
    pub fn within(mut self, folder: &Path) -> Self {
        self.0.current_dir(folder);
        self
    }

    /// With standard output going elsewhere.
    pub fn stdout(mut self, to: impl Into<Stdio>) -> Self {
        self.0.stdout(to);
        self
    }

    /// Starts it, to be ended later.
    pub fn start(mut self) -> Running {
        Running(self.0.spawn().unwrap())
    }

    /// Waits until it has ended.
    pub async fn end(self) -> Ended {
        self.start().end().await
    }

    /// As [`Conformance::end`]; for calls that must be refused: see [`Ended::refusal`].
    pub async fn refusal(self, code: i32) -> String {
        self.end().await.refusal(code)
    }
}

/// A call under way; it ends with this.
pub struct Running(Child);

impl Running {
    /// Sends it a signal, by name.
    pub async fn signal(&self, name: &str) {
        let id = self.0.id().expect("it is still running").to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().await.unwrap().success());
    }

    /// Waits until it has ended.
    pub async fn end(self) -> Ended {
        let output = tokio::time::timeout(PATIENCE, self.0.wait_with_output()).await.expect("it hangs").unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let ended = Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) };
        assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
        ended
    }
}

/// What a call came to.
#[derive(Debug)]
pub struct Ended {
    /// None where a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// The one line of a call that was refused, without `error: `: nothing else was said.
    pub fn refusal(&self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        let line = self.stderr.strip_suffix('\n').and_then(|line| line.strip_prefix("error: "));
        let line = line.unwrap_or_else(|| panic!("no `error: ...` line: {}", self.stderr));
        assert!(!line.contains('\n'), "more than one line: {line}");
        line.to_owned()
    }

    /// The report of a run that ended with this code; it was the only thing that was said, but for how far a long run is.
    pub fn report(&self, code: i32) -> &str {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        let is_progress = |line: &str| {
            let told = line.split_once(" conversations  ").and_then(|(counts, rest)| {
                let (over, all) = counts.split_once('/')?;
                let (seconds, _) = rest.split_once(" s")?;
                Some([over, all, seconds])
            });
            told.is_some_and(|numbers| numbers.iter().all(|number| number.parse::<u32>().is_ok()))
        };
        let said: Vec<&str> = self.stderr.lines().filter(|line| !is_progress(line)).collect();
        assert_eq!(said, [""; 0], "{}", self.stdout);
        &self.stdout
    }
}
