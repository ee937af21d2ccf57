//! The pieces of the command: what it is told, what it says, and when it ends.

mod arguments;
mod ending;
mod greeting;

pub use arguments::{Arguments, UsageError};
pub use ending::Ending;
pub use greeting::Greeting;
