//! The pieces of the command: what it is told, what it says, and when it ends.

mod arguments;
mod ending;
mod greeting;
mod usage_error;

pub use arguments::Arguments;
pub use ending::Ending;
pub use greeting::Greeting;
pub use usage_error::UsageError;
