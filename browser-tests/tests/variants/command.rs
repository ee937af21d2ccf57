//! The command as a child process, and what its report says.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;

/// Far more than any run needs, also where other work keeps the machine busy.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// The mock is in the same process as the suite: what is never shown need not be waited for as long as ordinarily.
pub const CONFIGURATION: &str = "[deadlines]\ndelivery = \"1500ms\"\nanswer = \"2s\"\n\n\
    [auth]\nusername = \"agent\"\npassword = \"agent-password\"\n";

/// What a run found.
pub struct Judged {
    /// The ids of what is violated.
    pub violated: BTreeSet<String>,
    /// What was not tested, and is explained by nothing that is violated.
    pub unexplained: Vec<String>,
    /// The command's exit code.
    pub exit_code: i64,
}

/// Runs the command with these arguments; `name` is the folder's that it runs in.
pub async fn judged(name: &str, arguments: &[&str]) -> Judged {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("variants").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("conformance.toml"), CONFIGURATION).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_browser-tests"));
    command.args(["run", "--config", "conformance.toml", "--report", "json", "--no-pictures"]).args(arguments);
    command.current_dir(&folder).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await.unwrap().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{name}: {error}: {}", String::from_utf8_lossy(&output.stderr)));
    let verdicts = report["verdicts"].as_array().unwrap();
    let of = |verdict: &Value, key: &str| verdict[key].as_str().unwrap_or_default().to_owned();
    let is_violated = |verdict: &&Value| verdict["outcome"] == "violated";
    let violated: BTreeSet<String> = verdicts.iter().filter(is_violated).map(|verdict| of(verdict, "id")).collect();
    let is_open = |verdict: &&Value| !["violated", "passed"].contains(&of(verdict, "outcome").as_str());
    let unexplained = verdicts.iter().filter(is_open).filter(|verdict| !violated.contains(&of(verdict, "because")));
    let told = |verdict: &Value| format!("{} {}: {}", of(verdict, "id"), of(verdict, "subject"), of(verdict, "reason"));
    Judged { unexplained: unexplained.map(told).collect(), violated, exit_code: report["exit_code"].as_i64().unwrap() }
}
