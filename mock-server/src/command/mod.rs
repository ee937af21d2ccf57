//! The pieces of the command: what it is told, what it says, and when it ends.

mod arguments;
mod browser;
mod ending;
mod greeting;
mod open;
mod record;
mod usage_error;

pub use arguments::{Arguments, Command};
pub use browser::BrowserError;
pub use ending::Ending;
pub use greeting::{Greeting, from_here};
pub use open::Open;
pub use record::{RecordArguments, ReplayArguments};
pub use usage_error::UsageError;
