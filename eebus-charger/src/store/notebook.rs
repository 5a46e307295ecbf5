//! The charger's own memory, written through.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::{Error, Memory, StateDir};

/// What the charger remembers by itself. Clones share it.
#[derive(Clone, Debug)]
pub struct Notebook {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    dir: StateDir,
    /// What is on the disk.
    memory: ArcSwap<Memory>,
    /// Held by whoever writes, which may take long.
    writing: Mutex<()>,
}

impl Notebook {
    /// Reads the memory that the directory holds; a new directory holds none.
    ///
    /// # Errors
    ///
    /// As [`StateDir::load`].
    pub fn open(dir: StateDir) -> Result<Self, Error> {
        let memory = ArcSwap::from_pointee(dir.load()?.unwrap_or_default());
        Ok(Self { shared: Arc::new(Shared { dir, memory, writing: Mutex::new(()) }) })
    }

    /// The directory.
    pub fn dir(&self) -> &StateDir {
        &self.shared.dir
    }

    /// What is remembered.
    pub fn memory(&self) -> Memory {
        **self.shared.memory.load()
    }

    /// Changes the memory and writes it, if it changed, before returning. Disks are slow, so that
    /// this happens outside of the tasks; and they may stall, so that nothing that drives the
    /// charger may wait for it.
    ///
    /// # Errors
    ///
    /// If it cannot be written; nothing is changed then.
    pub async fn change(
        &self,
        change: impl FnOnce(&mut Memory) + Send + 'static,
    ) -> Result<(), Error> {
        let shared = Arc::clone(&self.shared);
        let writing = tokio::task::spawn_blocking(move || shared.change(change));
        writing.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }
}

impl Shared {
    fn change(&self, change: impl FnOnce(&mut Memory)) -> Result<(), Error> {
        // A memory is replaced whole: also what a panicking writer left is one.
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = **self.memory.load();
        let mut changed = before;
        change(&mut changed);
        if changed != before {
            self.dir.save(&changed)?;
            self.memory.store(Arc::new(changed));
        }
        Ok(())
    }
}
