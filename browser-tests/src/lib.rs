//! A real browser, driven by WebDriver, for what only a browser can show: the JavaScript client, its origin, its cookies,
//! its console, and the list that an agent looks at.
//!
//! [`Driver`] starts and ends the browser's driver on a free port and opens sessions with an empty profile. [`Browser`]
//! adds WebDriver BiDi and a probe in every document, and [`BrowserStage`] performs the suite's scenarios at pages by it.
//! Nothing is judged here: `conformance` does that, by what was recorded.

mod bidi;
mod browser;
mod driver;
mod engine;
pub mod evidence;
mod line;
mod proxy;
mod rehearsal;
mod stage;
mod stand;
mod wires;

pub use bidi::{Bidi, BidiError};
pub use browser::{Browser, BrowserError, Window};
pub use driver::{Driver, DriverError, Setup};
pub use engine::Engine;
pub use line::{Line, LineError};
pub use rehearsal::RehearsalError;
pub use stage::BrowserStage;
pub use stand::{StandError, stage};
