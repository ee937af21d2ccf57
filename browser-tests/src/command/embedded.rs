//! The embedded mock: backend and page when none is named.

use conformance::cli::CommandError;
use conformance::config::{AuthConfig, AuthMode, Config, Secret, TriggerConfig, TriggerKind, WhatsappConfig};
use fixtures::Contract;
use mock_server::{Options, ServeError};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use url::Url;

/// A mock on a free port of the loopback interface, for as long as this lives.
pub(super) struct Embedded {
    stop: oneshot::Sender<()>,
    server: JoinHandle<Result<(), ServeError>>,
}

impl Embedded {
    /// Starts it, and sets the configuration to it.
    pub(super) fn start(contract: &Contract, config: &mut Config) -> Result<Self, CommandError> {
        let unusable = |error: &dyn std::fmt::Display| {
            CommandError::Unreachable(format!("the embedded mock cannot start: {error}"))
        };
        let listener = mock_server::bind(([127, 0, 0, 1], 0).into()).map_err(|error| unusable(&error))?;
        let address = listener.local_addr().map_err(|error| unusable(&error))?;
        // Every page logs in for itself.
        let options = Options { contract: contract.clone(), login_limit: None, ..Options::default() };
        config.target = Some(Url::parse(&format!("http://{address}")).map_err(|error| unusable(&error))?);
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
        let server = tokio::spawn(mock_server::serve(listener, options, async {
            let _told_or_dropped = stopped.await;
        }));
        Ok(Self { stop, server })
    }

    /// Stops it.
    pub(super) async fn stop(self) {
        drop(self.stop);
        let _nothing_left_to_tell = self.server.await;
    }
}
