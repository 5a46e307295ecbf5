//! What the user decides.

use std::io;

use super::Hub;
use crate::connection::Leave;
use crate::identity::Ski;
use crate::net::drive::Command;
use crate::net::node::dial::Dial;
use crate::net::node::handle::{Decision, TrustError};
use crate::trust::{Standing, Trust, TrustFileError};

impl Hub {
    pub(super) async fn decide(&mut self, ski: Ski, decision: Decision) -> Result<(), TrustError> {
        let before = self.trust.standing(ski);
        let mut trust = self.trust.clone();
        let is_new = match decision {
            Decision::Trust => trust.trust(ski).map_err(TrustError::Full)?,
            Decision::Refuse => trust.refuse(ski),
            Decision::Forget => trust.forget(ski),
        };
        if !is_new {
            return Ok(());
        }
        self.save(trust.clone()).await.map_err(TrustError::File)?;
        self.trust = trust;
        self.shown.remove(&ski);
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
        Ok(())
    }

    /// Keeps decisions before they count.
    pub(super) async fn save(&self, trust: Trust) -> Result<(), TrustFileError> {
        let Some(file) = self.trust_file.clone() else {
            return Ok(());
        };
        // Waiting for the disk is no work for the runtime's own threads.
        let saved = tokio::task::spawn_blocking(move || file.save(&trust)).await;
        saved.unwrap_or_else(|error| Err(TrustFileError::Write(io::Error::other(error))))
    }
}
