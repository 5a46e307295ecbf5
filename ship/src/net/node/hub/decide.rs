//! What the user decides, and how it is kept.
//!
//! The disk may take its time, so nothing waits for it but what has to: one decision at a time is
//! written, and taken when it is kept. Whoever asked hears of it then.

use std::io;

use tokio::task::JoinHandle;

use super::Hub;
use crate::connection::Leave;
use crate::identity::Ski;
use crate::net::drive::Command;
use crate::net::node::dial::Dial;
use crate::net::node::handle::{Asked, Decision, TrustError};
use crate::trust::{Standing, Trust, TrustFileError};

/// The trust file is being written.
pub(super) struct Saving {
    task: JoinHandle<Result<(), TrustFileError>>,
    /// The decision behind it; without, only names are new.
    asked: Option<Asked>,
}

/// Waits until the file is written; for ever if it is not being written.
pub(super) async fn written(saving: &mut Option<Saving>) -> Result<(), TrustFileError> {
    match saving {
        Some(saving) => (&mut saving.task)
            .await
            .unwrap_or_else(|error| Err(TrustFileError::Write(io::Error::other(error)))),
        None => core::future::pending().await,
    }
}

impl Hub {
    /// The user has decided. Not called while the file is being written.
    pub(super) fn decide(&mut self, asked: Asked) {
        let mut trust = self.trust.clone();
        match asked.decision.apply(asked.ski, &mut trust) {
            Ok(true) => self.save(trust, Some(asked)),
            Ok(false) => answer(asked, Ok(())),
            Err(full) => answer(asked, Err(TrustError::Full(full))),
        }
    }

    /// Writes the names that are new, unless the file is being written.
    pub(super) fn save_names(&mut self) {
        if self.saving.is_none() && core::mem::take(&mut self.is_name_new) {
            self.save(self.trust.clone(), None);
        }
    }

    fn save(&mut self, trust: Trust, asked: Option<Asked>) {
        match self.trust_file.clone() {
            Some(file) => {
                // Waiting for the disk is no work for the runtime's own threads.
                let task = tokio::task::spawn_blocking(move || file.save(&trust));
                self.saving = Some(Saving { task, asked });
            }
            None => self.kept(asked, Ok(())),
        }
    }

    /// The file has been written, or could not be.
    pub(super) fn saved(&mut self, how: Result<(), TrustFileError>) {
        if let Some(Saving { asked, .. }) = self.saving.take() {
            self.kept(asked, how);
        }
    }

    fn kept(&mut self, asked: Option<Asked>, how: Result<(), TrustFileError>) {
        match (asked, how) {
            (Some(asked), Ok(())) => {
                self.take(asked.ski, asked.decision);
                // Who asked sees it at once.
                self.publish();
                answer(asked, Ok(()));
            }
            (Some(asked), Err(error)) => answer(asked, Err(TrustError::File(error))),
            (None, Ok(())) => {}
            (None, Err(error)) => tracing::warn!(%error, "SHIP ID of a peer is not kept"),
        }
    }

    /// A decision holds from now on.
    fn take(&mut self, ski: Ski, decision: Decision) {
        let before = self.trust.standing(ski);
        // Names may have come meanwhile, so it is taken once more rather than replaced.
        decision.apply(ski, &mut self.trust).expect("there was room, and nobody else decides");
        self.shown.remove(&ski);
        self.modest.remove(&ski);
        self.is_changed = true;
        tracing::info!(%ski, ?decision, "the user has decided");

        let now = self.clock.now();
        for link in self.links.iter_mut().filter(|link| link.ski() == Some(ski)) {
            match decision {
                Decision::Trust => link.command(Command::Trust(true)),
                Decision::Refuse if before == Standing::Unknown => {
                    link.is_leaving = true;
                    link.command(Command::Trust(false));
                }
                Decision::Refuse | Decision::Forget if before == Standing::Trusted => {
                    link.leave(Leave::Removed);
                }
                Decision::Refuse | Decision::Forget => {}
            }
        }
        if decision == Decision::Trust {
            let concerned = |dial: &&mut Dial| dial.peer.is_none_or(|peer| peer == ski);
            self.dials.iter_mut().filter(concerned).for_each(|dial| dial.encourage(now));
        }
    }
}

/// Who asked may have lost interest.
fn answer(asked: Asked, how: Result<(), TrustError>) {
    let _ = asked.done.send(how);
}
