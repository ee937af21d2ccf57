//! `conformance init`: a commented configuration to start from.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

use conformance::cli::{CommandError, output};

/// Writes the configuration; an existing file is left alone.
pub(super) fn init(path: &Path) -> Result<u8, CommandError> {
    let template = conformance::config::init_template();
    if path == Path::new("-") {
        return output::print(&template);
    }
    let refuse = |error: &std::io::Error| {
        CommandError::Usage(match error.kind() {
            ErrorKind::AlreadyExists => format!("{} exists already; remove it, or name another file", path.display()),
            _ => format!("cannot write {}: {error}; choose another path", path.display()),
        })
    };
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(|error| refuse(&error))?;
    file.write_all(template.as_bytes()).map_err(|error| refuse(&error))?;
    output::print(&format!(
        "wrote {0}; edit it, its `target` first, then: conformance run --config {0}\n",
        path.display()
    ))
}
