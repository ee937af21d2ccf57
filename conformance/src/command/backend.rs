//! A backend to speak to: the target, or the embedded mock where none is named.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use conformance::cli::{CommandError, TargetArgs, reach, tell_of_embedded};
use conformance::config::Config;
use conformance::stage::{Ground, try_trigger};
use fixtures::Contract;

use super::embedded::Embedded;

/// A backend that was reached.
pub(super) struct Backend {
    /// The ground that scenarios stand on.
    pub(super) ground: Arc<Ground>,
    embedded: Option<Embedded>,
}

impl Backend {
    /// Reaches it, unless `stop` resolves before that.
    pub(super) async fn reach(
        args: &TargetArgs,
        mut config: Config,
        contract: Contract,
        stop: Pin<&mut impl Future<Output = String>>,
    ) -> Result<Self, CommandError> {
        let embedded = match config.target {
            Some(_) => None,
            None => Some(Embedded::start(&contract, &mut config, Vec::new()).await?),
        };
        match reach(args, &config, contract, stop).await {
            Ok(ground) => {
                if embedded.is_some() {
                    tell_of_embedded(args, &ground);
                }
                Ok(Self { ground: Arc::new(ground), embedded })
            }
            Err(error) => {
                if let Some(embedded) = embedded {
                    embedded.stop().await;
                }
                Err(error)
            }
        }
    }

    /// Tries whether messages can be caused at all; see [`try_trigger`].
    pub(super) async fn try_trigger(&self) -> Result<(), CommandError> {
        try_trigger(&self.ground).await.map_err(CommandError::usage)
    }

    /// Stops what was started for it.
    pub(super) async fn leave(self) {
        if let Some(embedded) = self.embedded {
            embedded.stop().await;
        }
    }
}
