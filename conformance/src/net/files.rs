//! Every connection is an open file, and systems limit those of a process.

/// Files that a run has open besides a crowd's connections.
const OTHERS: u64 = 512;

/// Raises this process's limit of open files, where it must and may, so that so many clients fit beside everything else.
///
/// # Errors
/// What the limit is and how it is raised, where that is beyond this process.
#[cfg(unix)]
pub fn open_files_for(clients: u32) -> Result<(), String> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    // A client may need a second connection (polling), and the server may be this very process (the embedded mock).
    let (least, wanted) = (u64::from(clients) + OTHERS, u64::from(clients) * 4 + OTHERS);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let Some(now) = current.filter(|now| *now < wanted) else { return Ok(()) };
    let raised = maximum.map_or(wanted, |maximum| maximum.min(wanted)).max(now);
    let limit = setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }).map_or(now, |()| raised);
    if limit >= least {
        return Ok(());
    }
    Err(format!(
        "{clients} connections need {least} open files, and this process may have {limit}; raise the limit \
         (`ulimit -n {wanted}`), or lower `members` in [scale]"
    ))
}

/// Other systems have no such limit, or none to be raised here.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn open_files_for(_clients: u32) -> Result<(), String> {
    Ok(())
}
