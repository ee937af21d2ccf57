//! The command as a child process, and the targets that it is sent to.

mod command;
mod folder;
mod front;
mod mock;

pub use command::{Ended, conformance};
pub use folder::Folder;
pub use front::{Front, Reply, Request, answer};
pub use mock::{configuration, mock, mock_with};
