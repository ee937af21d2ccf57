//! A real browser, driven by WebDriver, for what only a browser can show: the JavaScript client, its origin, its cookies
//! and its console.
//!
//! [`Driver`] starts and ends the browser's driver on a free port and opens sessions with an empty profile. It judges
//! nothing.

mod driver;

pub use driver::{Driver, DriverError};
