//! The server's options, from the command's arguments and the environment.

use std::env;
use std::path::Path;

use fixtures::scenario::Timeline;
use fixtures::{Contract, Data};
use mock_server::{Auth, Options, Scenario, State, Tls, TlsError, Watch};

use super::{Arguments, AuthChoice, Command, Open, UsageError};

impl Arguments {
    /// The server's options, with what the environment says.
    ///
    /// # Errors
    /// If the contract, the data or the certificate cannot be used.
    pub fn options(&self) -> Result<Options, UsageError> {
        if self.speed.is_some() && self.scenario.is_none() && !matches!(self.command, Some(Command::Replay(_))) {
            return Err(UsageError::SpeedOfNothing);
        }
        let mut options = Options {
            auth: match self.auth {
                AuthChoice::Jwt => Auth::Jwt,
                AuthChoice::None => Auth::None,
            },
            webhook_secret: from_env("WEBHOOK_SECRET"),
            cors_origins: self.cors_origins.clone(),
            tls: self.tls()?,
            ping_interval: self.ping_interval,
            ping_timeout: self.ping_timeout,
            max_payload: self.max_payload,
            login_limit: self.rate_limit_login,
            webhook_limit: self.rate_limit_webhook,
            provider_url: self.provider_url.clone(),
            access_token_lifetime: self.access_token_lifetime,
            refresh_token_lifetime: self.refresh_token_lifetime,
            state: self.state.clone().map(|file| State { file, reset: self.reset }),
            watch: Watch { contract: self.contract.clone(), data: self.data.clone(), scenario: None },
            login_url: self.login_url.clone(),
            upstream_timeout: self.upstream_timeout,
            faults: self.faults.clone(),
            console_anywhere: self.console_anywhere,
            speed: self.speed.unwrap_or(1.0),
            echo: self.echo,
            ..Options::default()
        };
        if let Some(file) = &self.contract {
            options.contract = Contract::load(file)?;
        }
        if let Some(folder) = &self.data {
            let data = Data::load(folder, &options.contract)?;
            (options.sample_chats, options.desk) = (data.chats, data.desk);
        }
        if let Some(file) = &self.scenario {
            options.scenario = Some(named_scenario(file, &options.contract)?);
            options.watch.scenario = Some(file.clone()).filter(|file| file.exists());
        }
        if self.no_sample_chats {
            options.sample_chats.clear();
        }
        for (name, setting) in [
            ("JWT_SECRET", &mut options.jwt_secret),
            ("LOGIN_USERNAME", &mut options.login.username),
            ("LOGIN_PASSWORD", &mut options.login.password),
            ("VERIFY_TOKEN", &mut options.verify_token),
        ] {
            if let Some(value) = from_env(name) {
                *setting = value;
            }
        }
        Ok(options)
    }

    /// What HTTPS is spoken by, if it is to be.
    fn tls(&self) -> Result<Option<Tls>, TlsError> {
        let open = if let Some(Command::Open(open)) = &self.command { Some(open) } else { None };
        match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => Tls::from_files(certificate, key).map(Some),
            _ if self.tls || open.is_some() => {
                let mut names = ["localhost", "127.0.0.1", "::1"].map(ToOwned::to_owned).to_vec();
                names.extend(Some(self.host.clone()).filter(|host| !names.contains(host)));
                names.extend(open.into_iter().flat_map(Open::names));
                Tls::self_signed(&names).map(Some)
            }
            _ => Ok(None),
        }
    }
}

/// The scenario of this name: what there is as a file goes before what is compiled in.
fn named_scenario(file: &Path, contract: &Contract) -> Result<Scenario, UsageError> {
    if file.exists() {
        let timeline = Timeline::load(file)?;
        return Ok(Scenario::of(&timeline, &file.display().to_string(), contract)?);
    }
    let mut built_in = Scenario::built_in(contract);
    match built_in.iter().position(|own| file == Path::new(own.name())) {
        Some(index) => Ok(built_in.swap_remove(index)),
        None => {
            let name = file.display().to_string();
            let built_in = built_in.iter().map(|own| own.name().to_owned()).collect();
            Err(UsageError::NoScenario { name, built_in })
        }
    }
}

/// A setting of the environment; an empty one counts as not set.
fn from_env(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
