//! The codec: text to packets and back. Pure, without I/O, and without panics whatever the text.

mod engine;
mod payload;
mod socket;

pub use engine::{EngineError, EnginePacket};
pub use payload::{join, joined_len, split};
pub use socket::{SocketError, SocketFault, SocketPacket};
