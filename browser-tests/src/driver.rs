//! The browser's driver as a child process, with whom its browsers end, too.

use std::path::Path;
use std::process::Stdio;

use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// The driver's program, to be found on `PATH`.
const PROGRAM: &str = "chromedriver";

/// What a shell does that waits for the end of this process.
const GUARD: &str = include_str!("guard.sh");

/// How a browser is set up for pages of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Setup {
    /// Where hosts lead to instead: `(api.example.com:443, 127.0.0.1:40123)`.
    pub hosts: Vec<(String, String)>,
}

/// Chromium as a test wants it: no window, no sandbox (tests may run as root), nothing that calls home.
const ARGUMENTS: [&str; 8] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// Why there is no browser.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// The program is missing or cannot be started.
    #[error("cannot start {PROGRAM}: {0}; install it with `apt-get install chromium chromium-driver`, or run ci/setup")]
    NotStarted(std::io::Error),
    /// There is no place for profiles, or no shell.
    #[error("cannot prepare for {PROGRAM}: {0}; it needs a folder for temporary files (TMPDIR) and a shell (`sh`)")]
    NotPrepared(std::io::Error),
    /// It ended, or said nothing of a port.
    #[error("{PROGRAM} did not say which port it listens on: {said:?}")]
    NoPort {
        /// What it said.
        said: String,
    },
    /// It would not open a session.
    #[error("{PROGRAM} cannot start Chromium: {0}; are browser and driver of the same version?")]
    NoSession(#[from] fantoccini::error::NewSessionError),
}

/// A running driver; it and its browsers end with this value, or with this process.
#[derive(Debug)]
pub struct Driver {
    url: String,
    /// Killed when dropped.
    _process: Child,
    /// Acts when this value's end of its standard input is closed.
    _guard: Child,
}

impl Driver {
    /// Starts the driver on a port of its own choosing.
    ///
    /// # Errors
    /// [`DriverError`] when it is missing or does not come up.
    pub async fn start() -> Result<Self, DriverError> {
        let folder = tempfile::Builder::new().prefix("driver-").tempdir().map_err(DriverError::NotPrepared)?;
        let mut process = Command::new(PROGRAM)
            .arg("--port=0")
            // Where the browsers have their profiles, which would stay behind.
            .env("TMPDIR", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(DriverError::NotStarted)?;
        let guard = guard(&process, folder.path()).map_err(DriverError::NotPrepared)?;
        let _the_guards_now = folder.keep();
        let mut said = String::new();
        if let Some(output) = process.stdout.take() {
            let mut lines = BufReader::new(output).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(port) = port_in(&line) {
                    // Nobody reads on: what the driver says from here on must not hold it up.
                    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                    return Ok(Self { url: format!("http://127.0.0.1:{port}"), _process: process, _guard: guard });
                }
                said.push_str(&line);
                said.push('\n');
            }
        }
        Err(DriverError::NoPort { said })
    }

    /// Opens a browser with an empty profile.
    ///
    /// # Errors
    /// [`DriverError::NoSession`] when the browser does not start.
    pub async fn session(&self) -> Result<Client, DriverError> {
        self.open(json!({ "args": ARGUMENTS })).await
    }

    /// The same, as wide and as high as a telephone, in CSS pixels.
    ///
    /// # Errors
    /// [`DriverError::NoSession`] when the browser does not start.
    pub async fn telephone(&self, width: u32, height: u32) -> Result<Client, DriverError> {
        let metrics = json!({"width": width, "height": height, "pixelRatio": 2.0, "touch": true});
        self.open(json!({"args": ARGUMENTS, "mobileEmulation": {"deviceMetrics": metrics}})).await
    }

    /// Opens a browser with an empty profile, which speaks BiDi. Certificates are not looked at: hosts may be mapped.
    ///
    /// # Errors
    /// [`DriverError::NoSession`] when the browser does not start.
    pub async fn browse(&self, setup: &Setup) -> Result<Client, DriverError> {
        let mut capabilities = Capabilities::new();
        capabilities.insert("webSocketUrl".to_owned(), json!(true));
        capabilities.insert("acceptInsecureCerts".to_owned(), json!(true));
        let mut arguments: Vec<String> = ARGUMENTS.iter().map(|&argument| argument.to_owned()).collect();
        let rules: Vec<String> = setup.hosts.iter().map(|(from, to)| format!("MAP {from} {to}")).collect();
        if !rules.is_empty() {
            arguments.push(format!("--host-resolver-rules={}", rules.join(", ")));
            // WebSockets do not ask the session whether it accepts a certificate.
            arguments.push("--ignore-certificate-errors".to_owned());
        }
        capabilities.insert("goog:chromeOptions".to_owned(), json!({ "args": arguments }));
        self.connect(capabilities).await
    }

    async fn open(&self, options: Value) -> Result<Client, DriverError> {
        let mut capabilities = Capabilities::new();
        capabilities.insert("goog:chromeOptions".to_owned(), options);
        self.connect(capabilities).await
    }

    async fn connect(&self, capabilities: Capabilities) -> Result<Client, DriverError> {
        Ok(ClientBuilder::new(HttpConnector::new()).capabilities(capabilities).connect(&self.url).await?)
    }
}

/// A process that outlives this one: of the driver's browsers, none is ended by killing the driver.
fn guard(driver: &Child, folder: &Path) -> std::io::Result<Child> {
    let group = driver.id().unwrap_or_default().to_string();
    Command::new("sh")
        .args(["-c", GUARD, "guard", &group])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Ctrl-C is not meant for it.
        .process_group(0)
        .spawn()
}

/// The port in `ChromeDriver was started successfully on port 40123.`
fn port_in(line: &str) -> Option<u16> {
    line.split_once("successfully on port ")?.1.trim_end_matches('.').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_read_from_the_drivers_greeting() {
        assert_eq!(port_in("ChromeDriver was started successfully on port 40123."), Some(40123));
        assert_eq!(port_in("Starting ChromeDriver 156.0 on port 0"), None);
    }
}
