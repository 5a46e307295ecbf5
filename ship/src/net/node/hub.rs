//! The hub: the one task that knows all connections, all targets and whom the user trusts.

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::string::ToString;
use std::sync::Arc;
use std::vec::Vec;

use eebus_json::Instant;
use tokio::net::{TcpListener, TcpStream};
use tokio::select;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinError, JoinSet};

use super::attempt::{Attempt, prepare};
use super::dial::{Dial, Ending, Target};
use super::handle::{Decision, Request, TrustError};
use super::links::{Link, Links};
use super::peers::{Snapshot, snapshot};
use super::rivals::{Verdict, judge};
use super::throttle::Throttle;
use super::{Event, Limits};
use crate::connection::{self, End, Leave, Role, Settings, Stage};
use crate::identity::Ski;
use crate::net::clock::Clock;
use crate::net::drive::{Admission, Command, LinkId, Reason, Report};
use crate::net::link::LinkError;
use crate::net::mdns::Announcer;
use crate::net::tls::Tls;
use crate::trust::{ShipId, Standing, Trust, TrustFile};

/// Events that may wait for the application; then reports of connections wait, too.
const BACKLOG: usize = 16;
/// Reports that may wait for the hub.
const REPORTS: usize = 16;
/// Payloads and decisions that may wait for a connection.
const COMMANDS: usize = 256;
/// The side with the smaller SKI waits so long for the other to choose (§12.2.3).
const CHOICE: Duration = Duration::from_secs(3);
/// ... and so long for answers to its pings.
const PROBE: Duration = Duration::from_millis(10_500);
/// A session may change over to another connection within this time.
const HANDOVER: Duration = Duration::from_secs(5);
/// An orderly end of everything takes no longer.
const SHUTDOWN: Duration = Duration::from_secs(3);
/// The system does not accept connections: no memory, no file numbers.
const ACCEPT_AGAIN: Duration = Duration::from_secs(1);
/// A peer that comes and goes is shown to the application so often.
const WAITING_AGAIN: Duration = Duration::from_secs(60);
/// An unwanted peer is told so; more of them at the same time are not.
const REFUSING: usize = 4;

/// What a hub is made of.
pub(super) struct Parts {
    pub(super) clock: Clock,
    pub(super) tls: Tls,
    pub(super) settings: Settings,
    pub(super) limits: Limits,
    pub(super) trust: Trust,
    pub(super) trust_file: Option<TrustFile>,
    pub(super) targets: Vec<Target>,
    pub(super) listener: Option<TcpListener>,
    pub(super) announcer: Option<Announcer>,
    pub(super) requests: mpsc::Receiver<Request>,
    pub(super) events: mpsc::Sender<Event>,
    pub(super) snapshot: watch::Sender<Snapshot>,
}

pub(super) struct Hub {
    clock: Clock,
    tls: Arc<Tls>,
    settings: Settings,
    limits: Limits,
    trust: Trust,
    trust_file: Option<TrustFile>,
    dials: Vec<Dial>,
    listener: Option<TcpListener>,
    /// The listener rests until then.
    accept_at: Option<Instant>,
    announcer: Option<Announcer>,
    requests: mpsc::Receiver<Request>,
    events: mpsc::Sender<Event>,
    backlog: VecDeque<Event>,
    snapshot: watch::Sender<Snapshot>,
    is_changed: bool,

    links: Links,
    tasks: JoinSet<Reason>,
    reporter: mpsc::Sender<(LinkId, Report)>,
    reports: mpsc::Receiver<(LinkId, Report)>,
    /// Which connection has a peer's session.
    sessions: BTreeMap<Ski, LinkId>,
    /// Sessions without a connection, for a moment.
    vacant: BTreeMap<Ski, (Instant, Reason)>,
    /// Peers with several connections that have to choose.
    contests: BTreeMap<Ski, Contest>,
    /// Who was shown as waiting, and when.
    shown: BTreeMap<Ski, Instant>,
    throttle: Throttle,
    shutdown: Option<Shutdown>,
}

/// We have the smaller SKI, and the peer more than one connection.
#[derive(Clone, Copy, Debug)]
enum Contest {
    /// The peer has until then to choose.
    Chooses(Instant),
    /// All connections have been pinged; who is still there then is there.
    Probed(Instant),
}

struct Shutdown {
    until: Instant,
    /// Dropped at the end, which is what the askers wait for.
    _askers: Vec<oneshot::Sender<()>>,
}

impl Hub {
    pub(super) fn new(parts: Parts) -> Self {
        let now = parts.clock.now();
        let (reporter, reports) = mpsc::channel(REPORTS);
        Self {
            clock: parts.clock,
            tls: Arc::new(parts.tls),
            settings: parts.settings,
            limits: parts.limits,
            trust: parts.trust,
            trust_file: parts.trust_file,
            dials: parts.targets.into_iter().map(|target| Dial::new(target, now)).collect(),
            listener: parts.listener,
            accept_at: None,
            announcer: parts.announcer,
            requests: parts.requests,
            events: parts.events,
            backlog: VecDeque::new(),
            snapshot: parts.snapshot,
            is_changed: true,
            links: Links::default(),
            tasks: JoinSet::new(),
            reporter,
            reports,
            sessions: BTreeMap::new(),
            vacant: BTreeMap::new(),
            contests: BTreeMap::new(),
            shown: BTreeMap::new(),
            throttle: Throttle::new(now),
            shutdown: None,
        }
    }

    /// Runs until everything is over.
    pub(super) async fn run(mut self) {
        loop {
            self.publish();
            if let Some(shutdown) = &self.shutdown
                && (self.links.is_empty() || self.clock.now() >= shutdown.until)
            {
                break;
            }
            let is_open = self.shutdown.is_none();
            let takes = self.backlog.len() < BACKLOG || !is_open;
            let accepts = is_open
                && self.accept_at.is_none()
                && self.links.half_open(None) < self.limits.half_open;
            let deadline = self.deadline();
            let next = select! {
                request = self.requests.recv(), if is_open => Next::Request(request),
                told = deliver(&self.events, &mut self.backlog), if !self.backlog.is_empty() => {
                    Next::Told(told)
                }
                () = self.events.closed(), if is_open => Next::Deaf,
                Some((id, report)) = self.reports.recv(), if takes => Next::Report(id, report),
                Some(joined) = self.tasks.join_next_with_id(), if takes => Next::Joined(joined),
                accepted = accept(self.listener.as_ref()), if accepts => Next::Accepted(accepted),
                () = self.clock.until(deadline) => Next::Tick,
            };
            match next {
                Next::Request(Some(request)) => self.request(request).await,
                // Nobody is left who could ask, or nobody who listens.
                Next::Request(None) | Next::Deaf => self.begin_shutdown(None).await,
                Next::Told(true) => {}
                Next::Told(false) => self.backlog.clear(),
                Next::Report(id, report) => self.report(id, report).await,
                Next::Joined(joined) => self.joined(joined).await,
                Next::Accepted(accepted) => self.accepted(accepted),
                Next::Tick => self.tick(),
            }
        }
        self.tasks.shutdown().await;
        while let Some(event) = self.backlog.pop_front() {
            if self.events.try_send(event).is_err() {
                break;
            }
        }
    }

    // What comes in.

    async fn request(&mut self, request: Request) {
        match request {
            Request::Decide(ski, decision, done) => {
                // Who asked may have lost interest.
                let _ = done.send(self.decide(ski, decision).await);
            }
            Request::Attach { stream, role, expected, name } => {
                let attempt = self.attempt();
                let id = attempt.id;
                let host = name.clone();
                let task = match role {
                    Role::Server => self.tasks.spawn(attempt.answer(stream)),
                    Role::Client => {
                        self.tasks.spawn(async move { attempt.ask(stream, expected, &host).await })
                    }
                };
                self.links.insert(id, Link::new(role, name, None, task));
            }
            Request::Shutdown(asker) => self.begin_shutdown(Some(asker)).await,
        }
    }

    fn accepted(&mut self, accepted: io::Result<(TcpStream, SocketAddr)>) {
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections");
                self.accept_at = Some(self.clock.now() + ACCEPT_AGAIN);
                return;
            }
        };
        if self.links.half_open(Some(address.ip())) >= self.limits.half_open_per_ip {
            self.complain(&address.to_string(), None, &"too many connections at a time");
            return;
        }
        if prepare(&stream).is_err() {
            // It is gone already.
            return;
        }
        let attempt = self.attempt();
        let id = attempt.id;
        let task = self.tasks.spawn(attempt.answer(stream));
        let link = Link::new(Role::Server, address.to_string(), Some(address.ip()), task);
        self.links.insert(id, link);
    }

    async fn report(&mut self, id: LinkId, report: Report) {
        let Some(link) = self.links.get_mut(id) else {
            return;
        };
        match report {
            Report::Proven { ski, reply } => self.proven(id, ski, reply),
            Report::Stage(stage) => {
                link.stage = Some(stage);
                self.is_changed = true;
            }
            Report::Event(event) => {
                if let Some(ski) = link.ski() {
                    self.event(id, ski, event).await;
                }
            }
        }
    }

    /// A peer has proven its key: is there room, and which of its connections stay?
    fn proven(&mut self, id: LinkId, ski: Ski, reply: oneshot::Sender<Admission>) {
        let now = self.clock.now();
        let standing = self.trust.standing(ski);
        let Some(role) = self.links.get(id).map(|link| link.role) else {
            return;
        };
        self.found(id, ski);
        let own = self.tls.ski();
        let rivals = self.links.rivals(ski);
        let verdict = judge(own, ski, standing == Standing::Trusted, role, &rivals);
        let Verdict::Keep(superseded) = verdict else {
            return;
        };
        if self.shutdown.is_some() || !self.has_room(ski, standing, role) {
            return;
        }
        for id in superseded {
            if let Some(link) = self.links.get_mut(id) {
                link.leave(Leave::Superseded);
            }
        }
        if role == Role::Server {
            if own > ski {
                self.cancel_dials(ski);
            }
            for dial in &mut self.dials {
                // Removed by the peer, and here it is again.
                if dial.peer == Some(ski) && dial.at.is_none() {
                    dial.encourage(now);
                }
            }
        }
        self.links.prove(id, ski);
        if own < ski && self.links.live(ski).len() > 1 {
            self.contests.entry(ski).or_insert(Contest::Chooses(now + CHOICE));
        }
        let (commands, receiver) = mpsc::channel(COMMANDS);
        if let Some(link) = self.links.get_mut(id) {
            link.commands = Some(commands);
        }
        self.is_changed = true;
        // The task may have been cancelled; it will be joined then.
        let _ = reply.send(Admission { standing, commands: receiver });
    }

    /// Who was found at the address that `id` dials.
    fn found(&mut self, id: LinkId, ski: Ski) {
        if let Some(dial) = self.dials.iter_mut().find(|dial| dial.link == Some(id)) {
            dial.peer = Some(ski);
        }
    }

    fn cancel_dials(&mut self, ski: Ski) {
        for dial in &self.dials {
            let link = dial.link.filter(|_| dial.peer == Some(ski));
            if let Some(link) = link.and_then(|id| self.links.get_mut(id))
                && link.proven.is_none()
            {
                link.leave(Leave::Superseded);
            }
        }
    }

    /// Strangers do not take the slots of trusted peers, nor the other way round.
    fn has_room(&self, ski: Ski, standing: Standing, role: Role) -> bool {
        let mut others: BTreeMap<Ski, Role> = BTreeMap::new();
        for (_, link) in self.links.iter() {
            if let Some(other) = link.ski().filter(|other| *other != ski)
                && self.trust.standing(other) == standing
            {
                others.insert(other, link.role);
            }
        }
        match standing {
            Standing::Trusted => {
                let same_way = others.values().filter(|other| **other == role).count();
                others.len() < self.limits.trusted && same_way + 1 < self.limits.trusted
            }
            Standing::Unknown => others.len() < self.limits.waiting,
            Standing::Refused => others.len() < REFUSING,
        }
    }

    async fn event(&mut self, id: LinkId, ski: Ski, event: connection::Event) {
        let now = self.clock.now();
        match event {
            connection::Event::Waiting => {
                self.shown.retain(|_, at| now - *at < WAITING_AGAIN);
                // Bounded: a stranger costs a key, but keys are cheap.
                if self.shown.len() < 16 * self.limits.waiting
                    && self.shown.insert(ski, now).is_none()
                {
                    let address = self.links.get(id).map(|link| link.address.clone());
                    let address = address.unwrap_or_default();
                    tracing::info!(%ski, %address, "unknown peer waits to be trusted");
                    self.tell(Event::Waiting { ski, address });
                }
            }
            connection::Event::Open { version } => {
                let Some(link) = self.links.get_mut(id) else {
                    return;
                };
                link.opened = Some(now);
                let role = link.role;
                let current = self.sessions.get(&ski);
                if current.is_none_or(|current| self.links.is_newer(id, *current)) {
                    tracing::info!(%ski, ?role, %version, "peer connected");
                    self.sessions.insert(ski, id);
                    self.vacant.remove(&ski);
                    self.is_changed = true;
                    self.tell(Event::Connected { ski, role, version });
                }
            }
            connection::Event::Data(payload) => {
                if self.sessions.get(&ski) == Some(&id) {
                    self.tell(Event::Data { ski, payload });
                }
            }
            connection::Event::AccessMethods { id: Some(ship_id) } => {
                let news = self.trust.note_ship_id(ski, &ship_id);
                if news == ShipId::Known {
                    return;
                }
                self.is_changed = true;
                let is_changed = news == ShipId::Changed;
                if is_changed {
                    tracing::warn!(%ski, "peer has another SHIP ID than before");
                } else if let Err(error) = self.save(self.trust.clone()).await {
                    // A name, not a decision. Another one is kept with the next decision: a peer
                    // that changes its name all the time must not wear out the flash.
                    tracing::warn!(%ski, %error, "SHIP ID of the peer is not kept");
                }
                self.tell(Event::ShipId { ski, ship_id, is_changed });
            }
            connection::Event::AccessMethods { id: None } => {
                tracing::debug!(%ski, "peer tells no SHIP ID");
            }
            connection::Event::NoAccessMethods => {
                tracing::debug!(%ski, "peer does not tell its access methods");
            }
            connection::Event::Ignored(fault) => {
                let address = self.links.get(id).map(|link| link.address.clone());
                let fault = crate::net::link::shown(&fault.to_string());
                self.complain(&address.unwrap_or_default(), Some(ski), &fault);
            }
        }
    }

    async fn decide(&mut self, ski: Ski, decision: Decision) -> Result<(), TrustError> {
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
    async fn save(&self, trust: Trust) -> Result<(), crate::trust::TrustFileError> {
        let Some(file) = self.trust_file.clone() else {
            return Ok(());
        };
        // Waiting for the disk is no work for the runtime's own threads.
        let saved = tokio::task::spawn_blocking(move || file.save(&trust)).await;
        saved.unwrap_or_else(|error| {
            Err(crate::trust::TrustFileError::Write(io::Error::other(error)))
        })
    }

    // What ends.

    async fn joined(&mut self, joined: Result<(tokio::task::Id, Reason), JoinError>) {
        let (task, reason) = match joined {
            Ok(joined) => joined,
            Err(error) if error.is_cancelled() => {
                (error.id(), Reason::Ended(End::Left(Leave::Superseded)))
            }
            Err(error) => {
                let failure = io::Error::other("connection task failed");
                (error.id(), Reason::Link(LinkError::Io(failure)))
            }
        };
        // What it had to say before it ended.
        while let Ok((id, report)) = self.reports.try_recv() {
            self.report(id, report).await;
        }
        let Some(id) = self.links.of_task(task) else {
            return;
        };
        let Some(link) = self.links.remove(id) else {
            return;
        };
        self.is_changed = true;
        self.log_end(&link, &reason);

        let now = self.clock.now();
        let standing_of =
            |ski: Option<Ski>| ski.map_or(Standing::Unknown, |ski| self.trust.standing(ski));
        for dial in self.dials.iter_mut() {
            if dial.link == Some(id) {
                let how = Ending { reason: &reason, stage: link.stage, opened: link.opened };
                dial.end(&how, standing_of(dial.peer), now);
            } else if link.ski().is_some() && dial.peer == link.ski() && link.opened.is_some() {
                dial.lost(now);
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
            let open = live.iter().rev().find(|(_, link)| link.stage == Some(Stage::Exchange));
            if let Some((next, link)) = open {
                let (next, role) = (*next, link.role);
                self.sessions.insert(ski, next);
                let version = self.settings.max_version;
                self.tell(Event::Connected { ski, role, version });
            } else if live.is_empty() || self.shutdown.is_some() {
                self.tell(Event::Disconnected { ski, reason });
            } else {
                self.vacant.insert(ski, (now + HANDOVER, reason));
            }
        }
    }

    fn log_end(&mut self, link: &Link, reason: &Reason) {
        let address = &link.address;
        match (link.ski(), link.role, reason) {
            (Some(ski), _, _) if link.opened.is_some() => {
                tracing::info!(%ski, %address, %reason, "peer disconnected");
            }
            (_, _, Reason::Ended(End::Left(_)))
            | (None, Role::Client, Reason::Link(LinkError::Io(_) | LinkError::Slow)) => {
                tracing::debug!(%address, %reason, "no connection");
            }
            (ski, _, _) => self.complain(address, ski, reason),
        }
    }

    /// One line for whatever a peer did wrong.
    fn complain(&mut self, address: &str, ski: Option<Ski>, what: &dyn core::fmt::Display) {
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

    async fn begin_shutdown(&mut self, asker: Option<oneshot::Sender<()>>) {
        let until = self.clock.now() + SHUTDOWN;
        self.shutdown = Some(Shutdown { until, _askers: asker.into_iter().collect() });
        self.listener = None;
        for link in self.links.iter_mut() {
            link.leave(Leave::Unspecific);
        }
        if let Some(announcer) = self.announcer.take() {
            announcer.stop().await;
        }
    }

    // Time.

    fn deadline(&self) -> Option<Instant> {
        if let Some(shutdown) = &self.shutdown {
            return Some(shutdown.until);
        }
        let dials = self.dials.iter().filter_map(|dial| dial.at);
        let vacant = self.vacant.values().map(|(until, _)| *until);
        let contests = self.contests.values().map(|contest| match contest {
            Contest::Chooses(until) | Contest::Probed(until) => *until,
        });
        dials.chain(vacant).chain(contests).chain(self.accept_at).min()
    }

    fn tick(&mut self) {
        let now = self.clock.now();
        if self.shutdown.is_some() {
            return;
        }
        if self.accept_at.is_some_and(|at| now >= at) {
            self.accept_at = None;
        }
        self.contend(now);
        let due = |(_, (until, _)): &(&Ski, &(Instant, Reason))| now >= *until;
        let gone: Vec<Ski> = self.vacant.iter().filter(due).map(|(ski, _)| *ski).collect();
        for ski in gone {
            if let Some((_, reason)) = self.vacant.remove(&ski) {
                self.tell(Event::Disconnected { ski, reason });
            }
        }
        for i in 0..self.dials.len() {
            if self.dials[i].at.is_some_and(|at| now >= at) {
                self.dial(i, now);
            }
        }
    }

    fn contend(&mut self, now: Instant) {
        for (ski, contest) in &mut self.contests {
            let live: Vec<LinkId> = self.links.live(*ski).iter().map(|(id, _)| *id).collect();
            match *contest {
                Contest::Chooses(until) if now >= until => {
                    *contest = Contest::Probed(now + PROBE);
                    for link in live.iter().filter_map(|id| self.links.get(*id)) {
                        // Before the WebSocket is open there is no ping; its own limits apply.
                        if link.stage.is_some() {
                            link.command(Command::Probe);
                        }
                    }
                }
                Contest::Probed(until) if now >= until => {
                    let newest = live.last().copied();
                    for id in live.iter().filter(|id| Some(**id) != newest) {
                        if let Some(link) = self.links.get_mut(*id) {
                            link.leave(Leave::Superseded);
                        }
                    }
                }
                Contest::Chooses(_) | Contest::Probed(_) => {}
            }
        }
        let links = &self.links;
        self.contests.retain(|ski, _| links.live(*ski).len() > 1);
    }

    fn dial(&mut self, i: usize, now: Instant) {
        let dial = &self.dials[i];
        // §12.2.3: who is connected in any way is not dialled.
        if dial.peer.is_some_and(|peer| !self.links.live(peer).is_empty()) {
            self.dials[i].lost(now);
            return;
        }
        let Target { address, ski } = dial.target.clone();
        let attempt = self.attempt();
        let id = attempt.id;
        self.dials[i].begin(id, now);
        let task = self.tasks.spawn(attempt.dial(address.clone(), ski));
        self.links.insert(id, Link::new(Role::Client, address, None, task));
        self.is_changed = true;
    }

    // What goes out.

    fn attempt(&mut self) -> Attempt {
        Attempt {
            id: self.links.next_id(),
            tls: self.tls.clone(),
            settings: self.settings.clone(),
            reports: self.reporter.clone(),
            clock: self.clock,
        }
    }

    fn tell(&mut self, event: Event) {
        // At the end nobody may be listening any more.
        if self.shutdown.is_none() || self.backlog.len() < BACKLOG {
            self.backlog.push_back(event);
        }
    }

    pub(super) fn publish(&mut self) {
        if core::mem::take(&mut self.is_changed) {
            let dialled = self.dials.iter().filter(|dial| dial.link.is_some());
            let dialled = dialled.filter_map(|dial| dial.peer);
            self.snapshot.send_replace(snapshot(&self.trust, &self.links, &self.sessions, dialled));
        }
    }
}

/// What the hub was woken by.
enum Next {
    Request(Option<Request>),
    Told(bool),
    Deaf,
    Report(LinkId, Report),
    Joined(Result<(tokio::task::Id, Reason), JoinError>),
    Accepted(io::Result<(TcpStream, SocketAddr)>),
    Tick,
}

/// Tells the application the next event; `false` when it does not listen any more.
async fn deliver(events: &mpsc::Sender<Event>, backlog: &mut VecDeque<Event>) -> bool {
    let Ok(place) = events.reserve().await else {
        return false;
    };
    if let Some(event) = backlog.pop_front() {
        place.send(event);
    }
    true
}

async fn accept(listener: Option<&TcpListener>) -> io::Result<(TcpStream, SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => core::future::pending().await,
    }
}
