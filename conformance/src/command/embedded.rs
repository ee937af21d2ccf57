//! The embedded mock: the target when none is named.

use std::sync::Arc;
use std::time::Duration;

use conformance::config::{
    AuthConfig, AuthMode, Config, Secret, StandInConfig, TriggerConfig, TriggerKind, WhatsappConfig,
};
use fixtures::Contract;
use mock_server::faults::Fault;
use mock_server::{Options, ServeError};
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use url::Url;

use conformance::cli::CommandError;

/// A heartbeat that nobody has to wait for, and that a busy machine keeps up with.
const PING_INTERVAL: Duration = Duration::from_millis(300);
/// See [`PING_INTERVAL`].
const PING_TIMEOUT: Duration = Duration::from_millis(1_000);

/// How long it waits for the stand-ins: long enough to see whom a silent one holds up.
const UPSTREAM_TIMEOUT: Duration = Duration::from_millis(1_200);

/// A mock on a free port of the loopback interface, for as long as this lives.
pub(super) struct Embedded {
    stop: oneshot::Sender<()>,
    server: JoinHandle<Result<(), ServeError>>,
    restart: Arc<Notify>,
}

impl Embedded {
    /// Starts it with these faults, and sets the configuration to it.
    pub(super) async fn start(
        contract: &Contract,
        config: &mut Config,
        faults: Vec<&'static Fault>,
    ) -> Result<Self, CommandError> {
        let unusable = |error: &dyn std::fmt::Display| {
            CommandError::Unreachable(format!("the embedded mock cannot start: {error}"))
        };
        let listener = mock_server::bind(([127, 0, 0, 1], 0).into()).map_err(|error| unusable(&error))?;
        let address = listener.local_addr().map_err(|error| unusable(&error))?;
        let url = Url::parse(&format!("http://{address}")).map_err(|error| unusable(&error))?;
        let stand_in = || StandInConfig::on_a_free_port(UPSTREAM_TIMEOUT).map_err(|error| unusable(&error));
        let (provider, login) = (stand_in()?, stand_in()?);
        let options = Options {
            contract: contract.clone(),
            webhook_secret: Some("embedded-webhook-secret".to_owned()),
            ping_interval: PING_INTERVAL,
            ping_timeout: PING_TIMEOUT,
            faults,
            provider_url: Some(provider.url()),
            login_url: Some(login.url()),
            upstream_timeout: UPSTREAM_TIMEOUT,
            ..Options::default()
        };
        config.target = Some(url);
        (config.provider, config.login) = (Some(provider), Some(login));
        config.auth = AuthConfig {
            mode: Some(AuthMode::Login),
            username: Some(options.login.username.clone()),
            password: Some(Secret::new(options.login.password.as_str())),
            secret: Some(Secret::new(options.jwt_secret.as_str())),
            ..AuthConfig::default()
        };
        config.trigger = TriggerConfig {
            kind: TriggerKind::Whatsapp(WhatsappConfig {
                secret: options.webhook_secret.as_deref().map(Secret::new),
                verify_token: Some(Secret::new(options.verify_token.as_str())),
                ..WhatsappConfig::default()
            }),
            ..TriggerConfig::default()
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let restart = Arc::new(Notify::new());
        let server = tokio::spawn(serve(listener, options, stopped, Arc::clone(&restart)));
        Ok(Self { stop, server, restart })
    }

    /// Restarts it whenever it is notified: a new server, which remembers nothing, on the same port.
    pub(super) fn restart(&self) -> Arc<Notify> {
        Arc::clone(&self.restart)
    }

    /// Stops it.
    pub(super) async fn stop(self) {
        drop(self.stop);
        let _nothing_left_to_tell = self.server.await;
    }
}

/// Serves, one server after the other, until it is told to stop. The port is kept meanwhile, so that nobody else gets it.
async fn serve(
    listener: TcpListener,
    options: Options,
    mut stopped: oneshot::Receiver<()>,
    restart: Arc<Notify>,
) -> Result<(), ServeError> {
    let listener = listener.into_std()?;
    loop {
        let mut stops = false;
        let over = async {
            tokio::select! {
                _ = &mut stopped => stops = true,
                () = restart.notified() => {}
            }
        };
        mock_server::serve(TcpListener::from_std(listener.try_clone()?)?, options.clone(), over).await?;
        if stops {
            return Ok(());
        }
    }
}
