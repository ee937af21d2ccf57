//! Switching faults on and off while the mock runs.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Body, Control, Refusal};
use crate::control::log::{Happening, Kind};
use crate::faults::{self, AREAS, Fault};
use crate::rest::Problem;

/// A named fault, and whether it is on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FaultState {
    id: &'static str,
    /// Its area's heading.
    area: &'static str,
    /// What it breaks, and how real backends come to do that.
    about: &'static str,
    /// The requirements that it violates.
    violates: &'static [&'static str],
    on: bool,
    /// How many times it still acts; for ever, if null.
    left: Option<u64>,
    /// Whether it can only be there from the start, by `--fault`, because it changes how the server listens.
    from_start_only: bool,
}

/// How long it stays on.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Switch {
    /// How many times it acts before it goes off by itself; for ever, if left out. Each time that it changes something
    /// counts: a broadcast to the wrong room, a chat shown wrongly in a list, a refused request.
    #[schema(minimum = 1, example = 2)]
    count: Option<u64>,
}

/// All faults that there are, area by area, and which are on.
#[utoipa::path(get, path = "/__mock/api/faults", tag = "faults", responses((status = 200, body = Vec<FaultState>)))]
pub(super) async fn list(State(control): State<Arc<Control>>) -> Json<Vec<FaultState>> {
    let in_area = |area: &'static faults::Area| area.faults.iter().map(|fault| state(&control, area.title, fault));
    Json(AREAS.iter().flat_map(in_area).collect())
}

fn state(control: &Control, area: &'static str, fault: &'static Fault) -> FaultState {
    let switched = control.faults.switched(fault);
    FaultState {
        id: fault.id,
        area,
        about: fault.about,
        violates: fault.violates,
        on: switched.is_some(),
        left: switched.flatten(),
        from_start_only: fault.is_from_start_only(),
    }
}

/// Switches a fault on, for ever or for so many times.
#[utoipa::path(
    put, path = "/__mock/api/faults/{id}", tag = "faults", request_body = Switch,
    params(("id" = String, Path, description = "E.g. broadcast-twice")),
    responses(
        (status = 200, body = FaultState),
        (status = 400, body = Refusal),
        (status = 404, body = Refusal, description = "No such fault; what may have been meant"),
        (status = 409, body = Refusal, description = "It can only be there from the start"),
    ),
)]
pub(super) async fn on(
    State(control): State<Arc<Control>>,
    Path(id): Path<String>,
    Body(Switch { count }): Body<Switch>,
) -> Result<Json<FaultState>, Problem> {
    let (area, fault) = known(&id)?;
    if fault.is_from_start_only() {
        let message = format!("{id} changes how the server listens: start the mock with --fault {id}");
        return Err(Problem::new(StatusCode::CONFLICT, message));
    }
    if count == Some(0) {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "count: expected at least 1"));
    }
    switch_on(&control, fault, count);
    Ok(Json(state(&control, area, fault)))
}

/// Switches a fault on, and says so in the log.
pub(in crate::control) fn switch_on(control: &Control, fault: &'static Fault, count: Option<u64>) {
    control.faults.switch_on(fault, count);
    let times = count.map_or_else(|| "on".to_owned(), |count| format!("on, {count} times"));
    control.log.record(Happening::new(Kind::Control).event("fault").detail(format!("{} {times}", fault.id)));
}

/// Switches a fault off, and says so in the log.
pub(in crate::control) fn switch_off(control: &Control, fault: &'static Fault) {
    control.faults.switch_off(fault);
    control.log.record(Happening::new(Kind::Control).event("fault").detail(format!("{} off", fault.id)));
}

/// Switches a fault off.
#[utoipa::path(
    delete, path = "/__mock/api/faults/{id}", tag = "faults",
    params(("id" = String, Path, description = "E.g. broadcast-twice")),
    responses(
        (status = 200, body = FaultState),
        (status = 404, body = Refusal, description = "No such fault; what may have been meant"),
        (status = 409, body = Refusal, description = "It was there from the start and stays"),
    ),
)]
pub(super) async fn off(
    State(control): State<Arc<Control>>,
    Path(id): Path<String>,
) -> Result<Json<FaultState>, Problem> {
    let (area, fault) = known(&id)?;
    if fault.is_from_start_only() && control.faults.switched(fault).is_some() {
        let message = format!("{id} changes how the server listens: start the mock without it");
        return Err(Problem::new(StatusCode::CONFLICT, message));
    }
    switch_off(&control, fault);
    Ok(Json(state(&control, area, fault)))
}

/// Switches all faults off that can be.
#[utoipa::path(delete, path = "/__mock/api/faults", tag = "faults", responses((status = 200, body = Vec<FaultState>)))]
pub(super) async fn all_off(State(control): State<Arc<Control>>) -> Json<Vec<FaultState>> {
    for fault in faults::all().filter(|fault| !fault.is_from_start_only()) {
        control.faults.switch_off(fault);
    }
    control.log.record(Happening::new(Kind::Control).event("fault").detail("all off"));
    list(State(control)).await
}

fn known(id: &str) -> Result<(&'static str, &'static Fault), Problem> {
    let fault = faults::find(id).map_err(|error| Problem::new(StatusCode::NOT_FOUND, error.to_string()))?;
    let area = AREAS.iter().find(|area| area.faults.iter().any(|own| own.id == fault.id));
    Ok((area.map_or("", |area| area.title), fault))
}
