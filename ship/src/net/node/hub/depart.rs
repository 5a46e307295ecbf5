//! What follows when a connection has ended.

use core::fmt;
use core::time::Duration;
use std::io;

use tokio::task::JoinError;

use super::Hub;
use crate::connection::{End, Role, Stage};
use crate::identity::Ski;
use crate::message::Version;
use crate::net::drive::Reason;
use crate::net::link::LinkError;
use crate::net::node::Event;
use crate::net::node::dial::Ending;
use crate::net::node::links::Link;
use crate::trust::Standing;

/// A session may change over to another connection within this time.
const HANDOVER: Duration = Duration::from_secs(5);

impl Hub {
    pub(super) fn joined(&mut self, joined: Result<(tokio::task::Id, Reason), JoinError>) {
        let (task, reason) = match joined {
            Ok((task, reason)) => (task, Some(reason)),
            Err(error) if error.is_cancelled() => (error.id(), None),
            Err(error) => {
                let failure = io::Error::other("connection task failed");
                (error.id(), Some(Reason::Link(LinkError::Io(failure))))
            }
        };
        // What it had to say before it ended.
        for _ in 0..self.reports.len() {
            if let Ok((id, report)) = self.reports.try_recv() {
                self.report(id, report);
            }
        }
        let Some(id) = self.links.of_task(task) else {
            return;
        };
        let Some(link) = self.links.remove(id) else {
            return;
        };
        let reason = reason.unwrap_or_else(|| link.cancelled());
        self.is_changed = true;
        self.log_end(&link, &reason);

        let now = self.clock.now();
        let is_modest = self.broke_off(&link, &reason);
        let standing_of =
            |ski: Option<Ski>| ski.map_or(Standing::Unknown, |ski| self.trust.standing(ski));
        let opened = link.opened.map(|(at, _)| at);
        for dial in &mut self.dials {
            if dial.link == Some(id) {
                if link.ski().is_none() && dial.is_first_failure() {
                    let address = &link.address;
                    tracing::info!(%address, %reason, "cannot be reached, trying again");
                }
                if let Some((ski, address)) = dial.peer.zip(dial.last())
                    && link.ski().is_none()
                {
                    self.neighbours.failed(ski, address);
                }
                let has_more = dial.has_more(&self.neighbours);
                let how = Ending { reason: &reason, stage: link.stage, opened, has_more };
                dial.end(&how, standing_of(dial.peer), now);
                if is_modest {
                    dial.soon(now);
                }
            } else if link.ski().is_some() && dial.peer == link.ski() && link.opened.is_some() {
                dial.soon(now);
            }
        }
        let Some(ski) = link.ski() else {
            return;
        };
        if self.links.live(ski).len() < 2 {
            self.contests.remove(&ski);
        }
        if self.sessions.get(&ski) == Some(&id) {
            self.sessions.remove(&ski);
            let live = self.links.live(ski);
            let is_open =
                |link: &Link| link.opened.is_some() && link.stage == Some(Stage::Exchange);
            let open = live.iter().rev().find(|(_, link)| is_open(link)).map(|(id, _)| *id);
            if let Some(next) = open {
                self.hand_over(ski, next);
            } else if live.is_empty() || self.shutdown.is_some() {
                self.tell(Event::Disconnected { ski, reason });
            } else {
                self.vacant.insert(ski, (now + HANDOVER, reason));
            }
        }
    }

    /// Whether the peer broke off because we offered more than SHIP 1.0, as far as we can tell: its
    /// error often gets lost on the way (§13.4.4.2). It is not asked for more again.
    fn broke_off(&mut self, link: &Link, reason: &Reason) -> bool {
        let is_offer = link.role == Role::Client
            && link.stage == Some(Stage::Protocol)
            && self.settings.max_version > Version::V1_0
            && !matches!(reason, Reason::Ended(End::Left(_) | End::Refused));
        is_offer && link.ski().is_some_and(|ski| self.modest.insert(ski))
    }

    fn log_end(&mut self, link: &Link, reason: &Reason) {
        let address = &link.address;
        match (link.ski(), link.role, reason) {
            (Some(ski), _, _) if link.opened.is_some() => {
                tracing::info!(%ski, %address, %reason, "peer disconnected");
            }
            // Nothing is there, or somebody only looked: a port scanner, a TLS probe (§9.8).
            (_, _, Reason::Ended(End::Left(_)) | Reason::Link(LinkError::Io(_)))
            | (None, Role::Client, Reason::Link(LinkError::Slow)) => {
                tracing::debug!(%address, %reason, "no connection");
            }
            (ski, _, _) => self.complain(address, ski, reason),
        }
    }

    /// One line for whatever a peer did wrong.
    pub(super) fn complain(&mut self, address: &str, ski: Option<Ski>, what: &dyn fmt::Display) {
        let Some(dropped) = self.throttle.pass(self.clock.now()) else {
            return;
        };
        if dropped > 0 {
            tracing::warn!(dropped, "more of the same");
        }
        match ski {
            Some(ski) => tracing::warn!(%ski, %address, "{what}"),
            None => tracing::warn!(%address, "{what}"),
        }
    }
}
