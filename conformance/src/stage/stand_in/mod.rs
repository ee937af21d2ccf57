//! Stand-ins for the services that a target calls: the provider's send API, and the login service. wiremock serves them.
//!
//! They answer as scenarios have said, write down what they got, and judge nothing. A stand-in is blind to what no scenario
//! of this run has announced: that is answered as the real service would, and forgotten.

mod login;
mod provider;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wiremock::matchers::method;
use wiremock::{Mock, MockServer, Respond};

pub(super) use login::{Credentials, LoginService};
pub(super) use provider::Provider;

use crate::config::{ConfigError, StandInConfig};

/// How long a stand-in is silent: longer than any target waits.
const SILENCE: Duration = Duration::from_secs(600);

/// Lets `respond` answer every POST from now on, for as long as what this gives lives.
async fn serve(config: &StandInConfig, respond: impl Respond + 'static) -> Result<MockServer, ConfigError> {
    let server = MockServer::builder().listener(config.bind()?).disable_request_recording().start().await;
    Mock::given(method("POST")).respond_with(respond).mount(&server).await;
    Ok(server)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
