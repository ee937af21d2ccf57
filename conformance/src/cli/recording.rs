//! The file of `--save-recording`.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use super::CommandError;
use crate::recording::Recording;

/// A file for a recording, created before the run begins, so that a bad path costs no run.
#[derive(Debug)]
pub struct RecordingFile {
    path: PathBuf,
    file: File,
}

impl RecordingFile {
    /// Creates it, or empties what was there.
    ///
    /// # Errors
    /// What the system said.
    pub fn create(path: &Path) -> Result<Self, CommandError> {
        match File::create(path) {
            Ok(file) => Ok(Self { path: path.to_owned(), file }),
            Err(error) => Err(CommandError::Usage(format!(
                "cannot write the recording {}: {error}; choose another path with --save-recording",
                path.display()
            ))),
        }
    }

    /// Writes the recording.
    ///
    /// # Errors
    /// What the system said, in a sentence.
    pub fn save(self, recording: &Recording) -> Result<(), String> {
        recording.write(&mut BufWriter::new(self.file)).map_err(|error| {
            format!(
                "cannot write the recording {}: {error}; the verdicts stand, the recording is not whole",
                self.path.display()
            )
        })
    }
}
