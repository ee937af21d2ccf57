//! The browser's driver as a child process, with whom its browsers end, too.

use std::path::Path;
use std::process::Stdio;

use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::engine::{ARGUMENTS, Engine};

/// What a shell does that waits for the end of this process.
const GUARD: &str = include_str!("guard.sh");

/// How often a driver is started until it has a port.
const TRIES: u32 = 5;

/// How a browser is set up for pages of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Setup {
    /// Which browser.
    pub engine: Engine,
    /// Where hosts lead to instead: `(api.example.com:443, 127.0.0.1:40123)`.
    pub hosts: Vec<(String, String)>,
}

/// Why there is no browser.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// The program is missing or cannot be started.
    #[error("cannot start {}: {reason}; install it with {}", engine.program(), engine.installation())]
    NotStarted {
        /// Whose driver.
        engine: Engine,
        /// What the system said.
        reason: std::io::Error,
    },
    /// There is no place for profiles, or no shell, or no port.
    #[error(
        "cannot prepare for a browser: {0}; it needs a folder for temporary files (TMPDIR), a shell (`sh`) and ports"
    )]
    NotPrepared(std::io::Error),
    /// It ended, or said nothing of a port.
    #[error("{} did not say which port it listens on: {said:?}", engine.program())]
    NoPort {
        /// Whose driver.
        engine: Engine,
        /// What it said.
        said: String,
    },
    /// It would not open a session.
    #[error(
        "{} cannot start {}: {reason}; is it there, and do browser and driver fit each other? Install both with {}",
        engine.program(), engine.name(), engine.installation()
    )]
    NoSession {
        /// Whose driver.
        engine: Engine,
        /// What it said.
        reason: Box<fantoccini::error::NewSessionError>,
    },
}

/// A running driver; it and its browsers end with this value, or with this process.
#[derive(Debug)]
pub struct Driver {
    engine: Engine,
    url: String,
    /// Killed when dropped.
    _process: Child,
    /// Acts when this value's end of its standard input is closed.
    _guard: Child,
}

impl Driver {
    /// Starts Chromium's driver on a port of its own choosing.
    ///
    /// # Errors
    /// [`DriverError`] when it is missing or does not come up.
    pub async fn start() -> Result<Self, DriverError> {
        Self::of(Engine::Chromium).await
    }

    /// The same for any browser.
    ///
    /// # Errors
    /// [`DriverError`] when it is missing or does not come up.
    pub async fn of(engine: Engine) -> Result<Self, DriverError> {
        let mut tries = 1;
        loop {
            match Self::started(engine).await {
                // Another program may take the port that was free when the driver chose it.
                Err(DriverError::NoPort { .. }) if tries < TRIES => tries += 1,
                outcome => return outcome,
            }
        }
    }

    async fn started(engine: Engine) -> Result<Self, DriverError> {
        let folder = tempfile::Builder::new().prefix("driver-").tempdir().map_err(DriverError::NotPrepared)?;
        let mut process = Command::new(engine.program())
            .args(engine.arguments())
            // Where the browsers have their profiles, which would stay behind.
            .env("TMPDIR", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|reason| DriverError::NotStarted { engine, reason })?;
        let guard = guard(&process, folder.path()).map_err(DriverError::NotPrepared)?;
        let _the_guards_now = folder.keep();
        let mut said = String::new();
        if let Some(output) = process.stdout.take() {
            let mut lines = BufReader::new(output).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(port) = engine.port_in(&line) {
                    // Nobody reads on: what the driver says from here on must not hold it up.
                    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                    let url = format!("http://127.0.0.1:{port}");
                    return Ok(Self { engine, url, _process: process, _guard: guard });
                }
                said.push_str(&line);
                said.push('\n');
            }
        }
        Err(DriverError::NoPort { engine, said })
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

    /// Opens a browser with an empty profile, which speaks BiDi. Certificates are not looked at: hosts may be mapped; where
    /// the browser itself maps none, by a proxy on this port.
    ///
    /// # Errors
    /// [`DriverError::NoSession`] when the browser does not start.
    pub async fn browse(&self, setup: &Setup, proxy: Option<u16>) -> Result<Client, DriverError> {
        self.connect(self.engine.capabilities(setup, proxy)).await
    }

    async fn open(&self, options: Value) -> Result<Client, DriverError> {
        let mut capabilities = Capabilities::new();
        capabilities.insert("goog:chromeOptions".to_owned(), options);
        self.connect(capabilities).await
    }

    async fn connect(&self, capabilities: Capabilities) -> Result<Client, DriverError> {
        let session = ClientBuilder::new(HttpConnector::new()).capabilities(capabilities).connect(&self.url).await;
        session.map_err(|reason| DriverError::NoSession { engine: self.engine, reason: Box::new(reason) })
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
