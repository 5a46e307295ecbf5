//! What the user decides, and how it is kept.
//!
//! The disk may take its time, so nothing waits for it but what has to: one decision at a time is
//! written, and taken when it is kept. Whoever asked hears of it then.

use core::time::Duration;
use std::io;
use std::vec::Vec;

use tokio::task::JoinHandle;

use super::Hub;
use crate::connection::Leave;
use crate::identity::Ski;
use crate::net::drive::{Command, LinkId};
use crate::net::node::dial::Dial;
use crate::net::node::handle::{Asked, Decision, TrustError};
use crate::trust::{Standing, Trust, TrustFileError, TrustIsFull};

/// A disk on which nothing could be written is tried again after this time.
const SAVE_AGAIN: Duration = Duration::from_secs(60);

/// The trust file is being written.
pub(super) struct Saving {
    task: JoinHandle<Result<(), TrustFileError>>,
    /// The decision behind it; without, only what peers have said or done is new.
    asked: Option<Asked>,
    /// Who waits until that is kept.
    answers: Vec<(LinkId, Command)>,
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
        match asked.decision.apply(&mut trust) {
            Ok(true) => self.save(trust, Some(asked)),
            Ok(false) => answer(asked, Ok(())),
            Err(full) => answer(asked, Err(TrustError::Full(full))),
        }
    }

    /// Writes what peers have said or done, unless the file is being written.
    pub(super) fn save_notes(&mut self) {
        if self.saving.is_none() && core::mem::take(&mut self.is_note_new) {
            self.save(self.trust.clone(), None);
        }
    }

    /// What a peer did is to be kept, and it hears the answer then.
    pub(super) fn answer_when_kept(&mut self, id: LinkId, answer: Command) {
        self.is_note_new = true;
        self.answers.push((id, answer));
    }

    fn save(&mut self, trust: Trust, asked: Option<Asked>) {
        let answers = core::mem::take(&mut self.answers);
        match self.trust_file.clone() {
            Some(file) => {
                // Waiting for the disk is no work for the runtime's own threads.
                let task = tokio::task::spawn_blocking(move || file.save(&trust));
                self.saving = Some(Saving { task, asked, answers });
            }
            None => {
                self.kept(asked, Ok(()));
                self.deliver(answers);
            }
        }
    }

    fn deliver(&self, answers: Vec<(LinkId, Command)>) {
        for (id, answer) in answers {
            if let Some(link) = self.links.get(id) {
                link.command(answer);
            }
        }
    }

    /// The file has been written, or could not be.
    pub(super) fn saved(&mut self, how: Result<(), TrustFileError>) {
        if let Some(Saving { asked, answers, .. }) = self.saving.take() {
            self.kept(asked, how);
            // If it could not be kept it counts for as long as the node runs.
            self.deliver(answers);
        }
    }

    fn kept(&mut self, asked: Option<Asked>, how: Result<(), TrustFileError>) {
        if how.is_ok() {
            // Whatever is written is everything.
            self.save_at = None;
        }
        match (asked, how) {
            (Some(asked), Ok(())) => {
                let taken = self.take(asked.decision).map_err(TrustError::Full);
                // Who asked sees it at once.
                self.publish();
                answer(asked, taken);
            }
            (Some(asked), Err(error)) => answer(asked, Err(TrustError::File(error))),
            (None, Ok(())) => {}
            (None, Err(error)) => {
                tracing::warn!(%error, "what peers said or did is not kept");
                self.save_at = Some(self.clock.now() + SAVE_AGAIN);
            }
        }
    }

    /// A decision holds from now on.
    fn take(&mut self, decision: Decision) -> Result<(), TrustIsFull> {
        let before = self.trust.clone();
        // Names may have come meanwhile, so it is taken once more rather than replaced. The control
        // unit may have come as well, and have had the last place: what was written does not hold
        // then, and is written anew.
        if let Err(full) = decision.apply(&mut self.trust) {
            self.is_note_new = true;
            return Err(full);
        }
        tracing::info!(?decision, "the user has decided");
        if decision == Decision::Reset {
            self.lock_again();
        }
        self.follow(
            &before,
            match decision {
                Decision::Trust(ski, _) => Some(ski),
                Decision::Refuse(_) | Decision::Forget(_) | Decision::Reset => None,
            },
        );
        Ok(())
    }

    /// Whom the user trusts has changed; `encouraged` is to be dialled at once.
    pub(super) fn follow(&mut self, before: &Trust, encouraged: Option<Ski>) {
        self.is_changed = true;
        let now = self.clock.now();
        let trust = &self.trust;
        for link in self.links.iter_mut() {
            let Some(ski) = link.ski() else {
                continue;
            };
            match (before.standing(ski), trust.standing(ski)) {
                (Standing::Trusted, Standing::Trusted) => {}
                (_, Standing::Trusted) => link.command(Command::Trust(true)),
                (Standing::Trusted, _) => link.leave(Leave::Removed),
                (Standing::Unknown, Standing::Refused) => {
                    link.is_leaving = true;
                    link.command(Command::Trust(false));
                }
                _ => {}
            }
        }
        let is_same = |ski: &Ski| before.standing(*ski) == trust.standing(*ski);
        self.shown.retain(|ski, _| is_same(ski));
        self.modest.retain(is_same);
        // The PIN of a peer goes with the trust in it.
        self.pins.retain(|ski, _| trust.standing(*ski) == Standing::Trusted);
        if let Some(ski) = encouraged {
            let concerned = |dial: &&mut Dial| dial.peer.is_none_or(|peer| peer == ski);
            self.dials.iter_mut().filter(concerned).for_each(|dial| dial.encourage(now));
        }
        self.look_again(before);
    }
}

/// Who asked may have lost interest.
fn answer(asked: Asked, how: Result<(), TrustError>) {
    let _ = asked.done.send(how);
}
