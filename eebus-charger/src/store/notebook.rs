//! The charger's own memory, written through.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Error, Memory, StateDir};

/// What the charger remembers by itself. Clones share it.
#[derive(Clone, Debug)]
pub struct Notebook {
    shared: Arc<(StateDir, Mutex<Memory>)>,
}

impl Notebook {
    /// Reads the memory that the directory holds; a new directory holds none.
    ///
    /// # Errors
    ///
    /// As [`StateDir::load`].
    pub fn open(dir: StateDir) -> Result<Self, Error> {
        let memory = dir.load()?.unwrap_or_default();
        Ok(Self { shared: Arc::new((dir, Mutex::new(memory))) })
    }

    /// The directory.
    pub fn dir(&self) -> &StateDir {
        &self.shared.0
    }

    /// What is remembered.
    pub fn memory(&self) -> Memory {
        // A memory is replaced whole: also what a panicking writer left is one.
        *self.shared.1.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the memory and writes it, if it changed, before returning. Disks are slow, so that
    /// this happens outside of the tasks.
    ///
    /// # Errors
    ///
    /// If it cannot be written; nothing is changed then.
    pub async fn change(
        &self,
        change: impl FnOnce(&mut Memory) + Send + 'static,
    ) -> Result<(), Error> {
        let shared = Arc::clone(&self.shared);
        let writing = tokio::task::spawn_blocking(move || {
            let (dir, memory) = &*shared;
            let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
            let mut changed = *memory;
            change(&mut changed);
            if changed != *memory {
                dir.save(&changed)?;
                *memory = changed;
            }
            Ok(())
        });
        writing.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }
}
