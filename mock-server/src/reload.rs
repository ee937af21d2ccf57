//! Files that a running server reads again when they change: the contract, the folder of data, the scenario.
//!
//! They are looked at twice a second, which is soon enough for whoever edits them, works on every file system, and does
//! not mind how an editor saves. A bad edit changes nothing: it is said what is wrong, and the next one is waited for.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use fixtures::scenario::{ScenarioError, Timeline};
use fixtures::{Contract, ContractError, Data, DataError};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use crate::backend::{Backend, Job, Queue};
use crate::chats::SummaryShape;
use crate::control::player::Player;
use crate::events::{Events, get_dashboard_stats};
use crate::rooms::Room;
use crate::scenario::Scenario;

const LOOK: Duration = Duration::from_millis(500);

/// The files to look at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Watch {
    /// Where the options' contract comes from.
    pub contract: Option<PathBuf>,
    /// The folder that the options' chats and desk come from.
    pub data: Option<PathBuf>,
    /// Where the options' scenario comes from.
    pub scenario: Option<PathBuf>,
}

/// Why an edit was left alone.
#[derive(Debug, thiserror::Error)]
enum ReloadError {
    #[error(transparent)]
    Contract(#[from] ContractError),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    #[error(
        "{file}: the Socket.IO path and namespace are now {now}, and stay {was} until mock-server is started again"
    )]
    Moved { file: String, now: String, was: String },
}

/// What a file was when it was looked at: when it was changed and how long it is, if it is there.
type Seen = Vec<Option<(SystemTime, u64)>>;

/// Looks at the files until the server ends. The contract that is in force goes through `contract`.
pub(crate) async fn look(files: Watch, contract: watch::Sender<Arc<Contract>>, queue: Queue, player: Arc<Player>) {
    let Watch { contract: contract_file, data: data_folder, scenario: scenario_file } = files;
    let look = |file: &Option<PathBuf>, parts: &[&str]| file.as_deref().map(|file| seen(file, parts));
    let contract_now = || look(&contract_file, &[""]);
    let data_now = || look(&data_folder, &fixtures::data::PARTS);
    let scenario_now = || look(&scenario_file, &[""]);
    let (mut contract_then, mut data_then) = (Settling::new(contract_now()), Settling::new(data_now()));
    let mut scenario_then = Settling::new(scenario_now());
    let mut clock = tokio::time::interval(LOOK);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        clock.tick().await;
        let new_contract = contract_then.has_changed(contract_now());
        let new_data = data_then.has_changed(data_now());
        if scenario_then.has_changed(scenario_now())
            && let Some(file) = &scenario_file
        {
            match read_scenario(file, &contract.borrow()) {
                Ok(scenario) => player.replace(scenario),
                Err(error) => leave_alone(&error),
            }
        }
        if !new_contract && !new_data {
            continue;
        }
        let old = Arc::clone(&contract.borrow());
        let read = read(contract_file.as_deref().filter(|_| new_contract), data_folder.as_deref(), &old);
        match read {
            Ok((new, data)) => {
                let new = new.map(Arc::new);
                if let Some(new) = &new {
                    contract.send_replace(Arc::clone(new));
                }
                let go_on = move |backend: &mut Backend| {
                    new.into_iter().for_each(|contract| backend.go_on_under(contract));
                    data.into_iter().for_each(|data| backend.go_on_with(data));
                };
                queue.push(Job::Call(Box::new(go_on))).await;
            }
            Err(error) => leave_alone(&error),
        }
    }
}

fn leave_alone(error: &ReloadError) {
    tracing::error!("{error}\nNothing was changed; correct it, and it is read again");
}

fn read_scenario(file: &Path, contract: &Contract) -> Result<Scenario, ReloadError> {
    let scenario = Scenario::of(&Timeline::load(file)?, &file.display().to_string(), contract)?;
    tracing::info!("the scenario was read again: {scenario}");
    Ok(scenario)
}

/// The contract where it is to be read, and the data, which must fit the contract.
fn read(
    contract: Option<&Path>,
    data: Option<&Path>,
    old: &Contract,
) -> Result<(Option<Contract>, Option<Data>), ReloadError> {
    let contract = contract.map(|file| read_contract(file, old)).transpose()?;
    let data = data.map(|folder| Data::load(folder, contract.as_ref().unwrap_or(old))).transpose()?;
    Ok((contract, data))
}

fn read_contract(file: &Path, old: &Contract) -> Result<Contract, ReloadError> {
    let new = Contract::load(file)?;
    if (&new.path, &new.namespace) == (&old.path, &old.namespace) {
        return Ok(new);
    }
    let place = |contract: &Contract| format!("{} and {}", contract.path, contract.namespace);
    Err(ReloadError::Moved { file: file.display().to_string(), now: place(&new), was: place(old) })
}

impl Backend {
    /// Goes on under another contract. Every page has to begin again, so its connection is ended, which pages recover from.
    fn go_on_under(&mut self, contract: Arc<Contract>) {
        self.summary = SummaryShape::of(&contract);
        self.events = Arc::new(Events::of(&contract));
        tracing::info!(title = contract.title, version = contract.version, "the contract was read again");
        self.contract = contract;
        for client in self.outgoing.members(&Room::Dashboard) {
            client.cut_off("the contract has changed");
        }
    }

    /// Goes on with other data. Only the chats that were edited are made anew, and told; the others stay as they have
    /// become.
    fn go_on_with(&mut self, data: Data) {
        self.desk.reload(&data.desk, &self.login);
        let (former, now) = (std::mem::replace(&mut self.data, data).chats, self.now());
        let chats = &self.data.chats;
        let gone = former.iter().filter(|old| !chats.iter().any(|new| new.is_of_same_chat(old)));
        gone.for_each(|sample| self.chats.remove_sample(sample));
        let edited = chats.iter().filter(|sample| !former.contains(sample));
        let edited: Vec<String> = edited.filter_map(|sample| self.chats.add_sample(sample, now)).collect();
        tracing::info!(chats = chats.len(), edited = edited.len(), "the data were read again");
        for chat_id in edited {
            self.tell_list(&chat_id);
        }
        let stats = self.stats();
        self.announce(get_dashboard_stats::ANSWER, stats);
    }
}

fn seen(file: &Path, parts: &[&str]) -> Seen {
    let look = |part: &&str| {
        // Joining nothing would put a slash behind a file's name.
        let path = if part.is_empty() { file.to_owned() } else { file.join(part) };
        let metadata = std::fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    };
    parts.iter().map(look).collect()
}

/// Tells a change once it has come to rest: a file that is still being written is not read.
struct Settling {
    read: Option<Seen>,
    last: Option<Seen>,
}

impl Settling {
    fn new(now: Option<Seen>) -> Self {
        Self { read: now.clone(), last: now }
    }

    fn has_changed(&mut self, now: Option<Seen>) -> bool {
        let rests = now == self.last;
        self.last.clone_from(&now);
        if !rests || now == self.read {
            return false;
        }
        self.read = now;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_once_and_when_it_has_come_to_rest() {
        let at = |length: u64| Some(vec![Some((SystemTime::UNIX_EPOCH, length))]);
        let mut file = Settling::new(at(1));
        let told: Vec<bool> = [1, 2, 3, 3, 3, 1, 1, 1].map(|length| file.has_changed(at(length))).into();
        assert_eq!(told, [false, false, false, true, false, false, true, false]);
    }
}
