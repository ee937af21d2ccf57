//! The scenario player.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Body, Control, Refusal};
use crate::control::player::Playing;
use crate::rest::Problem;
use crate::scenario::Scenario;

/// A scenario that can be played.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Listed {
    name: String,
    about: Option<String>,
    /// Where it comes from: `--scenario`, or a file of those that are compiled in.
    file: String,
    /// How many messages customers write.
    messages: usize,
    /// How long it takes at its own speed, in milliseconds.
    length_ms: u64,
    /// Steps that only `conformance replay` performs.
    left_out: Vec<LeftOut>,
}

/// Steps that are not played here.
#[derive(Debug, Serialize, ToSchema)]
struct LeftOut {
    #[schema(example = "open")]
    step: String,
    count: usize,
    /// Where the first of them stands.
    line: u64,
}

/// What is played, or was last.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Progress {
    /// Whether something is being played.
    playing: bool,
    /// Its name; null before anything was played.
    scenario: Option<String>,
    /// How many times as fast as its file says.
    speed: f64,
    /// How many of its steps are over.
    done: usize,
    /// How many it has.
    steps: usize,
    /// Where its clock stands, in milliseconds at its own speed.
    at_ms: u64,
    /// How long it takes, in the same.
    length_ms: u64,
    /// The last thing that could not be done, with its file and line.
    trouble: Option<String>,
}

/// What to play.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Play {
    /// The scenario's name.
    #[schema(example = "busy-morning")]
    scenario: String,
    /// How many times as fast as its file says; as it says, by default.
    #[serde(default = "as_it_says")]
    #[schema(minimum = 0.001, maximum = 100_000, default = 1)]
    speed: f64,
}

fn as_it_says() -> f64 {
    1.0
}

/// How fast to play on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Speed {
    #[schema(minimum = 0.001, maximum = 100_000)]
    speed: f64,
}

impl From<&Scenario> for Listed {
    fn from(scenario: &Scenario) -> Self {
        let left_out = |(step, (count, line)): (&String, &(usize, u64))| LeftOut {
            step: step.clone(),
            count: *count,
            line: *line,
        };
        Self {
            name: scenario.name.clone(),
            about: scenario.about.clone(),
            file: scenario.file.clone(),
            messages: scenario.messages(),
            length_ms: milliseconds(scenario.length),
            left_out: scenario.left_out.iter().map(left_out).collect(),
        }
    }
}

impl From<Playing> for Progress {
    fn from(playing: Playing) -> Self {
        let scenario = playing.scenario.as_deref();
        let length = scenario.map(|scenario| scenario.length).unwrap_or_default();
        Self {
            playing: playing.on,
            scenario: scenario.map(|scenario| scenario.name.clone()),
            speed: playing.clock.speed(),
            done: playing.done,
            steps: scenario.map_or(0, |scenario| scenario.moments.len()),
            at_ms: milliseconds(playing.clock.now().min(length)),
            length_ms: milliseconds(length),
            trouble: playing.trouble,
        }
    }
}

fn milliseconds(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The scenarios that can be played: that of `--scenario` first, then those that are compiled in.
#[utoipa::path(get, path = "/__mock/api/scenarios", tag = "scenarios", responses((status = 200, body = Vec<Listed>)))]
pub(super) async fn list(State(control): State<Arc<Control>>) -> Json<Vec<Listed>> {
    Json(control.player.scenarios().iter().map(|scenario| Listed::from(&**scenario)).collect())
}

/// What is played, or was last, and how far it has come.
#[utoipa::path(get, path = "/__mock/api/player", tag = "scenarios", responses((status = 200, body = Progress)))]
pub(super) async fn playing(State(control): State<Arc<Control>>) -> Json<Progress> {
    Json(control.player.playing().into())
}

/// Plays a scenario from its beginning, in the place of the one that is being played.
#[utoipa::path(put, path = "/__mock/api/player", tag = "scenarios", request_body = Play, responses(
    (status = 200, body = Progress),
    (status = 400, body = Refusal),
    (status = 404, body = Refusal, description = "No such scenario; which there are"),
))]
pub(super) async fn play(
    State(control): State<Arc<Control>>,
    Body(Play { scenario, speed }): Body<Play>,
) -> Result<Json<Progress>, Problem> {
    check(speed)?;
    let all = control.player.scenarios();
    let found = all.iter().find(|own| own.name == scenario).ok_or_else(|| {
        let known: Vec<&str> = all.iter().map(|own| own.name.as_str()).collect();
        let message = format!("no scenario {scenario:?}: expected one of {}, or --scenario FILE", known.join(", "));
        Problem::new(StatusCode::NOT_FOUND, message)
    })?;
    control.player.play(Arc::clone(found), speed);
    Ok(playing(State(control)).await)
}

/// Plays on at another speed.
#[utoipa::path(patch, path = "/__mock/api/player", tag = "scenarios", request_body = Speed, responses(
    (status = 200, body = Progress),
    (status = 400, body = Refusal),
))]
pub(super) async fn change(
    State(control): State<Arc<Control>>,
    Body(Speed { speed }): Body<Speed>,
) -> Result<Json<Progress>, Problem> {
    check(speed)?;
    control.player.set_speed(speed);
    Ok(playing(State(control)).await)
}

/// Stops what is being played. Faults that it has switched on go off, and everything flows again.
#[utoipa::path(delete, path = "/__mock/api/player", tag = "scenarios", responses((status = 200, body = Progress)))]
pub(super) async fn stop(State(control): State<Arc<Control>>) -> Json<Progress> {
    control.player.stop();
    playing(State(control)).await
}

fn check(speed: f64) -> Result<(), Problem> {
    if Scenario::SPEEDS.contains(&speed) {
        return Ok(());
    }
    let message =
        format!("speed {speed}: expected a number from {} to {}", Scenario::SPEEDS.start(), Scenario::SPEEDS.end());
    Err(Problem::new(StatusCode::BAD_REQUEST, message))
}
