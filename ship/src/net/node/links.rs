//! The connections that there are, from the first octet to the end.

use core::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::string::String;
use std::vec::Vec;

use eebus_json::Instant;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::rivals::Rival;
use crate::connection::{End, Leave, Role, Stage};
use crate::identity::{Fingerprint, Ski};
use crate::message::Version;
use crate::net::drive::{Command, LinkId, Reason};
use crate::net::link::LinkError;

/// One connection.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) role: Role,
    /// Where it comes from or goes to, for people.
    pub(super) address: String,
    /// Where it comes from, for limits.
    pub(super) ip: Option<IpAddr>,
    /// The peer and a number that grows with every proof: the newest has the biggest.
    pub(super) proven: Option<(Ski, u64)>,
    /// The certificate that it presented.
    pub(super) fingerprint: Option<Fingerprint>,
    /// None before there is somebody to read them.
    pub(super) commands: Option<mpsc::Sender<Command>>,
    /// None before the WebSocket is open.
    pub(super) stage: Option<Stage>,
    /// When the data exchange began, and in which version of SHIP.
    pub(super) opened: Option<(Instant, Version)>,
    pub(super) is_leaving: bool,
    /// It had the peer's session, and another connection has it now.
    pub(super) is_past: bool,
    pub(super) task: AbortHandle,
}

impl Link {
    pub(super) fn new(role: Role, address: String, ip: Option<IpAddr>, task: AbortHandle) -> Self {
        Self {
            role,
            address,
            ip,
            proven: None,
            fingerprint: None,
            commands: None,
            stage: None,
            opened: None,
            is_leaving: false,
            is_past: false,
            task,
        }
    }

    pub(super) fn ski(&self) -> Option<Ski> {
        self.proven.map(|(ski, _)| ski)
    }

    fn number(&self) -> u64 {
        self.proven.map_or(0, |(_, number)| number)
    }

    /// Passes a command on; a connection that cannot take it is ended the hard way.
    pub(super) fn command(&self, command: Command) {
        let taken = self.commands.as_ref().map(|commands| commands.try_send(command));
        if !matches!(taken, Some(Ok(()))) {
            self.task.abort();
        }
    }

    /// Why it was ended the hard way.
    pub(super) fn cancelled(&self) -> Reason {
        match self.commands {
            Some(_) => LinkError::Stuck.into(),
            // It was still being set up.
            None => Reason::Ended(End::Left(Leave::Superseded)),
        }
    }

    pub(super) fn leave(&mut self, leave: Leave) {
        if !self.is_leaving {
            self.is_leaving = true;
            self.command(Command::Leave(leave));
        }
    }
}

/// All connections.
#[derive(Debug, Default)]
pub(super) struct Links {
    all: BTreeMap<LinkId, Link>,
    last_id: u64,
    proofs: u64,
}

impl Links {
    pub(super) fn next_id(&mut self) -> LinkId {
        self.last_id += 1;
        LinkId(self.last_id)
    }

    pub(super) fn insert(&mut self, id: LinkId, link: Link) {
        self.all.insert(id, link);
    }

    pub(super) fn remove(&mut self, id: LinkId) -> Option<Link> {
        self.all.remove(&id)
    }

    pub(super) fn get(&self, id: LinkId) -> Option<&Link> {
        self.all.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: LinkId) -> Option<&mut Link> {
        self.all.get_mut(&id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (LinkId, &Link)> {
        self.all.iter().map(|(id, link)| (*id, link))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Link> {
        self.all.values_mut()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn of_task(&self, task: tokio::task::Id) -> Option<LinkId> {
        self.all.iter().find(|(_, link)| link.task.id() == task).map(|(id, _)| *id)
    }

    /// The peer of a connection has proven its key.
    pub(super) fn prove(&mut self, id: LinkId, ski: Ski) {
        self.proofs += 1;
        if let Some(link) = self.all.get_mut(&id) {
            link.proven = Some((ski, self.proofs));
        }
    }

    /// The connections of a peer that are not being closed, the newest last.
    pub(super) fn live(&self, ski: Ski) -> Vec<(LinkId, &Link)> {
        let of_peer = |link: &Link| link.ski() == Some(ski) && !link.is_leaving;
        let mut live: Vec<_> = self.iter().filter(|(_, link)| of_peer(link)).collect();
        live.sort_by_key(|(_, link)| link.number());
        live
    }

    pub(super) fn rivals(&self, ski: Ski) -> Vec<Rival> {
        let mut links: Vec<_> = self.iter().filter(|(_, link)| link.ski() == Some(ski)).collect();
        links.sort_by_key(|(_, link)| link.number());
        let rival = |(id, link): (LinkId, &Link)| Rival {
            id,
            is_leaving: link.is_leaving,
            role: link.role,
        };
        links.into_iter().map(rival).collect()
    }

    /// Who makes room for somebody new: of those who came in from the network and have proven
    /// nothing, the oldest from the address that has most of them.
    pub(super) fn idlest(&mut self) -> Option<&mut Link> {
        let is_idle = |link: &Link| link.role == Role::Server && link.ski().is_none();
        let idle = self.iter().filter(|(_, link)| is_idle(link) && !link.is_leaving);
        let idle = idle.filter(|(_, link)| link.ip.is_some());
        let most = idle.max_by_key(|(id, link)| (self.half_open(link.ip), Reverse(*id)));
        let (id, _) = most?;
        self.all.get_mut(&id)
    }

    /// Connections that came in and are not set up yet.
    pub(super) fn half_open(&self, ip: Option<IpAddr>) -> usize {
        self.all
            .values()
            .filter(|link| link.role == Role::Server && link.stage.is_none())
            .filter(|link| ip.is_none() || link.ip == ip)
            .count()
    }
}
