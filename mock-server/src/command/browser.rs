//! A Chromium of the command's own: found, started with an empty profile, ended, and its profile removed. What it opens is
//! not for this to know.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// What Chromium is called, on `PATH`.
const NAMES: [&str; 5] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"];

/// Where it is on macOS.
const APPLICATIONS: [&str; 2] = [
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/// How many lines of what a browser said are told when it fails.
const LAST_WORDS: usize = 5;

/// What can go wrong with a browser.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    #[error(
        "cannot find Chromium: there is no {} on PATH\nInstall it (Debian and Ubuntu: apt-get install chromium; macOS: \
         brew install --cask chromium), or name a browser that is made of it by --browser FILE",
        NAMES.join(", ")
    )]
    NotFound,
    #[error("cannot make a profile for the browser in {folder}: {source}\nTMPDIR says where there is room", folder = folder.display())]
    Profile { folder: PathBuf, source: io::Error },
    #[error("cannot start {program}: {source}\nName Chromium, or a browser that is made of it, by --browser FILE", program = program.display())]
    NotStarted { program: PathBuf, source: io::Error },
    #[error("{program} failed ({status}){said}\nWhat stands behind -- is handed to it, e.g. -- --no-sandbox", program = program.display())]
    Failed { program: PathBuf, status: ExitStatus, said: String },
}

/// The first Chromium that there is.
///
/// # Errors
/// [`BrowserError::NotFound`] where there is none.
pub fn find() -> Result<PathBuf, BrowserError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = NAMES.iter().flat_map(|name| std::env::split_paths(&path).map(move |folder| folder.join(name)));
    let applications = APPLICATIONS.iter().map(PathBuf::from);
    on_path.chain(applications).find(|file| file.is_file()).ok_or(BrowserError::NotFound)
}

/// A running browser. It ends with this value.
#[derive(Debug)]
pub struct Browser {
    program: PathBuf,
    process: Child,
    profile: TempDir,
}

impl Browser {
    /// Starts it with these arguments.
    ///
    /// # Errors
    /// [`BrowserError::Profile`] and [`BrowserError::NotStarted`].
    pub fn start(program: PathBuf, arguments: Vec<OsString>) -> Result<Self, BrowserError> {
        let no_profile = |source| BrowserError::Profile { folder: std::env::temp_dir(), source };
        let profile = tempfile::Builder::new().prefix("mock-").tempdir().map_err(no_profile)?;
        let said = File::create(said_in(profile.path())).map_err(no_profile)?;
        let mut own = OsString::from("--user-data-dir=");
        own.push(profile.path());
        let process = Command::new(&program)
            .arg(own)
            .args(["--no-first-run", "--no-default-browser-check"])
            .args(arguments)
            // Where it puts its socket, which it does not remove when it is killed. The path of a socket must be short.
            .env("TMPDIR", profile.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(said)
            // Ctrl-C is the command's, which ends the browser.
            .process_group(0)
            .spawn();
        match process {
            Ok(process) => Ok(Self { program, process, profile }),
            Err(source) => Err(BrowserError::NotStarted { program, source }),
        }
    }

    /// The browser's file.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Waits until the user has closed it, or `ending` is done.
    ///
    /// # Errors
    /// [`BrowserError::Failed`] where it ended otherwise than by being closed.
    pub async fn run(mut self, ending: impl Future<Output = ()>) -> Result<(), BrowserError> {
        let ended = tokio::select! {
            ended = self.process.wait() => ended,
            () = ending => return Ok(()),
        };
        match ended {
            Ok(status) if !status.success() => {
                let said = fs::read(said_in(self.profile.path())).unwrap_or_default();
                let said = String::from_utf8_lossy(&said);
                let mut last: Vec<&str> = said.lines().rev().take(LAST_WORDS).collect();
                last.push("");
                last.reverse();
                Err(BrowserError::Failed { program: self.program.clone(), status, said: last.join("\n  ") })
            }
            _ => Ok(()),
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Nothing of it is kept; and where it has ended already, it has no number any more.
        if let Some(pid) = self.process.id().and_then(|pid| Pid::from_raw(pid.cast_signed())) {
            kill_process_group(pid, Signal::KILL).ok();
        }
        // Its last processes may still be writing to it.
        for _ in 0..20 {
            if fs::remove_dir_all(self.profile.path()).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        eprintln!("mock-server: the browser's profile {} could not be removed", self.profile.path().display());
    }
}

/// Where it writes what it says, in its profile.
fn said_in(profile: &Path) -> PathBuf {
    profile.join("said.log")
}
