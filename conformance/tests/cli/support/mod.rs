//! The command as a child process, and the targets that it is sent to.

mod command;
mod folder;
mod front;
mod mock;

pub use command::{Conformance, Ended, conformance};
pub use folder::Folder;
pub use front::{Front, Reply, Request, answer};
pub use mock::{PASSWORD, configuration, mock, mock_with};
