//! What the suite's own tests share: runs against a backend, and the example backends as child processes.

#![allow(dead_code, reason = "each test file is a crate of its own and uses a part")]

use std::collections::BTreeMap;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use conformance::config::{Config, StandInConfig};
use conformance::recording::{Recording, Transport};
use conformance::run::{KnownFailures, Report, Reporter, RunEvent, RunOptions, select};
use conformance::stage::preflight;
use conformance::target::Target;
use conformance::verdict::Outcome;
use fixtures::Contract;
use mock_server::Options;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{Semaphore, SemaphorePermit};

/// A reporter that keeps to itself.
pub struct Silent;

impl Reporter for Silent {
    fn on_event(&mut self, _: &RunEvent<'_>) -> io::Result<()> {
        Ok(())
    }
}

/// Everything, by the ordinary transport.
pub fn all_checks() -> RunOptions {
    RunOptions {
        checks: select(&[], &[]).unwrap(),
        strict: true,
        known: KnownFailures::default(),
        transport: Transport::Websocket,
        jobs: 4,
        witness: false,
    }
}

/// Runs the suite.
pub async fn run(config: &Config, contract: &Contract, options: &RunOptions) -> (Report, Recording) {
    let target = Target::resolve(config, contract).unwrap();
    let ground = preflight(target, contract.clone(), Duration::ZERO).await.unwrap();
    conformance::run::run(&Arc::new(ground), options, &mut Silent, pending()).await.unwrap()
}

/// A configuration for a backend with the example backends' credentials.
pub fn config(url: &str) -> Config {
    Config::parse(
        "test.toml",
        &format!(
            r#"
            target = "{url}"
            [auth]
            mode = "login"
            username = "agent"
            password = "agent-password"
            secret = "local-development-secret-not-for-production"
            [trigger]
            kind = "whatsapp"
            secret = "test-webhook-secret"
            verify_token = "verify-me"
            "#
        ),
    )
    .unwrap()
}

/// The services that a backend of ours calls, played by the suite. The backend must know their addresses before there is a
/// run.
pub struct Services {
    /// The provider's send API.
    pub provider: StandInConfig,
    /// The login service.
    pub login: StandInConfig,
}

impl Services {
    /// How long a backend waits for them: long enough to see whom a silent one holds up.
    pub const PATIENCE: Duration = Duration::from_millis(1_500);

    /// Takes the addresses.
    pub fn new() -> Self {
        let stand_in = || StandInConfig::on_a_free_port(Self::PATIENCE).unwrap();
        Self { provider: stand_in(), login: stand_in() }
    }

    /// The same configuration, with them.
    pub fn played(&self, config: Config) -> Config {
        Config { provider: Some(self.provider.clone()), login: Some(self.login.clone()), ..config }
    }
}

/// The verdicts that are neither passed nor not applicable, by name, with what they say.
pub fn red(report: &Report) -> BTreeMap<String, String> {
    let told = |outcome: &Outcome| match outcome {
        Outcome::Violated { finding } => format!(
            "violated: expected {}; observed {}\n{}",
            finding.expected,
            finding.observed,
            finding.evidence.join("\n")
        ),
        Outcome::NotTested { reason, because } => format!("not tested: {reason} ({because:?})"),
        Outcome::HarnessError { reason } => format!("harness error: {reason}"),
        _ => String::new(),
    };
    report
        .verdicts
        .iter()
        .filter(|verdict| verdict.outcome.is_red())
        .map(|verdict| (verdict.name(), told(&verdict.outcome)))
        .collect()
}

/// A mock that lives as long as the test, and calls no services.
pub fn mock(contract: &Contract) -> String {
    mock_with(contract, Options::default())
}

/// A mock that lives as long as the test, and calls these.
pub fn mock_calling(contract: &Contract, services: &Services) -> String {
    mock_with(
        contract,
        Options {
            provider_url: Some(services.provider.url()),
            login_url: Some(services.login.url()),
            upstream_timeout: Services::PATIENCE,
            ..Options::default()
        },
    )
}

/// A mock that lives as long as the test, with these options beside the contract and a short heartbeat.
pub fn mock_with(contract: &Contract, options: Options) -> String {
    let listener = mock_server::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let options = Options {
        contract: contract.clone(),
        webhook_secret: Some("test-webhook-secret".to_owned()),
        ping_interval: Duration::from_millis(300),
        ping_timeout: Duration::from_secs(1),
        ..options
    };
    tokio::spawn(mock_server::serve(listener, options, std::future::pending()));
    url
}

/// How many example backends run at the same time within a test file: each is judged in a second or two as long as it has
/// the machine nearly to itself.
static ROOM: Semaphore = Semaphore::const_new(3);

/// An example backend as a child process; it ends with this.
pub struct Backend {
    child: Child,
    _place: SemaphorePermit<'static>,
    pub url: String,
}

impl Backend {
    /// Starts `fixtures/backends/<name>` on a free port and waits until it listens; first for others to end, where there
    /// are many.
    pub async fn start(name: &str, defects: &str) -> Self {
        Self::start_on(name, defects, 0).await
    }

    /// As [`Backend::start`], on this port.
    pub async fn start_on(name: &str, defects: &str, port: u16) -> Self {
        Self::start_with(name, defects, port, &[]).await
    }

    /// As [`Backend::start`], and it calls these services.
    pub async fn start_calling(name: &str, defects: &str, services: &Services) -> Self {
        let environment = [
            ("PROVIDER_URL", services.provider.url()),
            ("LOGIN_URL", services.login.url()),
            ("UPSTREAM_TIMEOUT_MS", Services::PATIENCE.as_millis().to_string()),
        ];
        Self::start_with(name, defects, 0, &environment).await
    }

    async fn start_with(name: &str, defects: &str, port: u16, environment: &[(&str, String)]) -> Self {
        let place = ROOM.acquire().await.unwrap();
        let start = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/backends").join(name).join("start");
        let mut child = Command::new(&start)
            .env("PORT", port.to_string())
            .env("WEBHOOK_SECRET", "test-webhook-secret")
            .env("DEFECTS", defects)
            .env("PING_INTERVAL_MS", "500")
            .env("PING_TIMEOUT_MS", "3000")
            .env("EXIT_WITH_PARENT", "1")
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}; run ci/setup first", start.display()));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines
            .next_line()
            .await
            .unwrap()
            .unwrap_or_else(|| panic!("{name} ended before it listened; run ci/setup first"));
        let url = line.strip_prefix("listening on ").unwrap_or_else(|| panic!("{name} said: {line}")).to_owned();
        Self { child, _place: place, url }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.url.rsplit(':').next().unwrap().parse().unwrap()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Waits until it ends.
    pub async fn ended(&mut self) {
        let _its_life_line = self.child.stdin.take(); // waiting would close it
        self.child.wait().await.unwrap();
    }
}
