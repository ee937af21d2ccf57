//! Which faults are on, and for how long. Read at every place where one could act, changed by the control API.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use super::Fault;

/// A fault that is on.
#[derive(Debug, Clone)]
pub(super) struct Active {
    /// The fault.
    pub fault: &'static Fault,
    /// How many times it still acts; for ever, if `None`.
    left: Option<Arc<AtomicU64>>,
}

impl Active {
    /// Whether it still acts.
    pub(super) fn is_on(&self) -> bool {
        self.left() != Some(0)
    }

    /// Whether it goes off by itself.
    pub(super) fn is_counted(&self) -> bool {
        self.left.is_some()
    }

    /// Counts one time that it has acted.
    pub(super) fn count(&self) {
        if let Some(left) = &self.left {
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).ok();
        }
    }

    fn left(&self) -> Option<u64> {
        self.left.as_ref().map(|left| left.load(Ordering::Relaxed))
    }
}

/// The faults that are on.
#[derive(Debug, Default)]
pub(super) struct Switches {
    /// Whether there are any: a glance at this is all that a correct server pays.
    any: AtomicBool,
    active: RwLock<Arc<[Active]>>,
}

impl Switches {
    /// Those that are on; `None` if none are.
    pub(super) fn active(&self) -> Option<Arc<[Active]>> {
        let any = self.any.load(Ordering::Relaxed);
        any.then(|| Arc::clone(&self.active.read().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Whether a fault is on, and how many times it still acts.
    pub(super) fn switched(&self, fault: &Fault) -> Option<Option<u64>> {
        let active = self.active()?;
        active.iter().find(|active| active.fault.id == fault.id && active.is_on()).map(Active::left)
    }

    /// These are on, and no others.
    pub(super) fn set(&self, faults: &[&'static Fault]) {
        self.replace(&mut self.write(), faults.iter().map(|fault| Active { fault, left: None }).collect());
    }

    /// Switches one on, for so many times or for ever.
    pub(super) fn switch_on(&self, fault: &'static Fault, count: Option<u64>) {
        let left = count.map(|count| Arc::new(AtomicU64::new(count)));
        self.change(fault, Some(Active { fault, left }));
    }

    /// Switches one off.
    pub(super) fn switch_off(&self, fault: &'static Fault) {
        self.change(fault, None);
    }

    fn change(&self, fault: &'static Fault, to: Option<Active>) {
        let mut active = self.write();
        let others = active.iter().filter(|other| other.fault.id != fault.id && other.is_on()).cloned();
        let active_now: Vec<Active> = others.chain(to).collect();
        self.replace(&mut active, active_now);
    }

    fn replace(&self, active: &mut RwLockWriteGuard<'_, Arc<[Active]>>, by: Vec<Active>) {
        self.any.store(!by.is_empty(), Ordering::Relaxed);
        **active = by.into();
    }

    fn write(&self) -> RwLockWriteGuard<'_, Arc<[Active]>> {
        self.active.write().unwrap_or_else(PoisonError::into_inner)
    }
}
