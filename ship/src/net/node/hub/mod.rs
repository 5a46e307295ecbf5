//! The hub: the one task that knows all connections, all targets and whom the user trusts.
//!
//! What wakes it is here; what it does then is in [`arrive`], [`depart`], [`decide`], [`prove`],
//! [`discover`] and [`pair`].

mod arrive;
mod decide;
mod depart;
mod discover;
mod pair;
mod prove;

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::string::ToString;
use std::sync::Arc;
use std::vec::Vec;

use eebus_json::Instant;
use tokio::net::{TcpListener, TcpStream};
use tokio::select;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tracing::{Instrument as _, Span};

use crate::connection::{Leave, Role, Settings};
use crate::discovery::{Neighbour, Neighbours};
use crate::identity::Ski;
use crate::net::capture::Capture;
use crate::net::clock::Clock;
use crate::net::drive::{Command, LinkId, Reason, Report};
use crate::net::mdns::{Mdns, Seen};
use crate::net::node::attempt::{Attempt, prepare};
use crate::net::node::dial::{Dial, Target};
use crate::net::node::handle::{Asked, Request};
use crate::net::node::links::{Link, Links};
use crate::net::node::peers::{Snapshot, seen_as, snapshot};
use crate::net::node::throttle::Throttle;
use crate::net::node::{Event, Limits, OwnPin};
use crate::net::pairing::Notice;
use crate::net::tls::Tls;
use crate::pin::{Lock, Pin};
use crate::trust::{Trust, TrustFile, TrustFileError};
use decide::{Saving, written};
pub(in crate::net::node) use pair::{OwnService, Pairing};

/// Events that may wait for the application; then reports of connections wait, too.
const BACKLOG: usize = 16;
/// Reports that may wait for the hub.
const REPORTS: usize = 16;
/// The side with the smaller SKI waits so long for answers to its pings (§12.2.3).
const PROBE: Duration = Duration::from_millis(10_500);
/// An orderly end of everything takes no longer.
const SHUTDOWN: Duration = Duration::from_secs(3);
/// What is recorded may take so long to be written at the end.
const FLUSH: Duration = Duration::from_secs(1);
/// The system does not accept connections: no memory, no file numbers.
const ACCEPT_AGAIN: Duration = Duration::from_secs(1);

/// What a hub is made of.
pub(in crate::net::node) struct Parts {
    pub(in crate::net::node) clock: Clock,
    pub(in crate::net::node) tls: Tls,
    pub(in crate::net::node) settings: Settings,
    pub(in crate::net::node) limits: Limits,
    pub(in crate::net::node) trust: Trust,
    pub(in crate::net::node) trust_file: Option<TrustFile>,
    pub(in crate::net::node) pin: Option<OwnPin>,
    pub(in crate::net::node) pairing: Pairing,
    pub(in crate::net::node) targets: Vec<Target>,
    pub(in crate::net::node) listener: Option<TcpListener>,
    pub(in crate::net::node) mdns: Option<Mdns>,
    pub(in crate::net::node) capture: Option<Capture>,
    pub(in crate::net::node) requests: mpsc::UnboundedReceiver<Request>,
    pub(in crate::net::node) decisions: mpsc::Receiver<Asked>,
    pub(in crate::net::node) events: mpsc::Sender<Event>,
    pub(in crate::net::node) snapshot: watch::Sender<Snapshot>,
}

pub(in crate::net::node) struct Hub {
    clock: Clock,
    tls: Arc<Tls>,
    settings: Settings,
    limits: Limits,
    trust: Trust,
    trust_file: Option<TrustFile>,
    saving: Option<Saving>,
    /// What peers have said or done is to be kept.
    is_note_new: bool,
    /// It could not be kept, and is tried again then.
    save_at: Option<Instant>,
    /// Who waits until it is.
    answers: Vec<(LinkId, Command)>,
    /// Our PIN, if we demand one, and whether nothing goes without.
    lock: Option<Lock>,
    is_pin_required: bool,
    /// PINs of peers that are not there yet.
    pins: BTreeMap<Ski, Pin>,
    pairing: Pairing,
    dials: Vec<Dial>,
    listener: Option<TcpListener>,
    /// The listener rests until then.
    accept_at: Option<Instant>,
    capture: Option<Capture>,
    mdns: Option<Mdns>,
    neighbours: Neighbours,
    visible: Arc<Vec<Neighbour>>,
    is_visible_new: bool,
    requests: mpsc::UnboundedReceiver<Request>,
    decisions: mpsc::Receiver<Asked>,
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
    /// Peers that broke off when they were offered more than SHIP 1.0.
    modest: BTreeSet<Ski>,
    throttle: Throttle,
    shutdown: Option<Shutdown>,
    /// The mDNS record is being withdrawn.
    goodbye: Option<JoinHandle<()>>,
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
    pub(in crate::net::node) fn new(parts: Parts) -> Self {
        let now = parts.clock.now();
        let (reporter, reports) = mpsc::channel(REPORTS);
        let is_pin_required = parts.pin.as_ref().is_some_and(|pin| pin.is_required);
        let lock = parts.pin.map(|own| Lock::new(own.pin, parts.trust.wrong_pins(), now));
        let own = parts.tls.ski();
        Self {
            clock: parts.clock,
            tls: Arc::new(parts.tls),
            settings: parts.settings,
            limits: parts.limits,
            trust: parts.trust,
            trust_file: parts.trust_file,
            saving: None,
            is_note_new: false,
            save_at: None,
            answers: Vec::new(),
            lock,
            is_pin_required,
            pins: BTreeMap::new(),
            pairing: parts.pairing,
            dials: parts.targets.into_iter().map(|target| Dial::new(target, now)).collect(),
            listener: parts.listener,
            accept_at: None,
            capture: parts.capture,
            mdns: parts.mdns,
            neighbours: Neighbours::new(own),
            visible: Arc::default(),
            is_visible_new: false,
            requests: parts.requests,
            decisions: parts.decisions,
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
            modest: BTreeSet::new(),
            throttle: Throttle::new(now),
            shutdown: None,
            goodbye: None,
        }
    }

    /// Runs until everything is over.
    pub(in crate::net::node) async fn run(mut self) {
        loop {
            if self.is_changed {
                self.pair();
            }
            self.publish();
            self.save_notes();
            if let Some(shutdown) = &self.shutdown {
                let is_over = self.links.is_empty() && self.saving.is_none();
                if is_over || self.clock.now() >= shutdown.until {
                    break;
                }
            }
            let is_open = self.shutdown.is_none();
            let takes = self.backlog.len() < BACKLOG || !is_open;
            let accepts = is_open
                && self.accept_at.is_none()
                // One more comes in, and another one goes.
                && self.links.half_open(None) <= self.limits.half_open;
            let (deadline, now) = (self.deadline(), self.clock.now());
            let next = select! {
                request = self.requests.recv(), if is_open => Next::Request(request),
                Some(asked) = self.decisions.recv(), if is_open && self.saving.is_none() => {
                    Next::Asked(asked)
                }
                how = written(&mut self.saving), if self.saving.is_some() => Next::Saved(how),
                told = deliver(&self.events, &mut self.backlog), if !self.backlog.is_empty() => {
                    Next::Told(told)
                }
                () = self.events.closed(), if is_open => Next::Deaf,
                Some((id, report)) = self.reports.recv(), if takes => Next::Report(id, report),
                Some(joined) = self.tasks.join_next_with_id(), if takes => Next::Joined(joined),
                accepted = accept(self.listener.as_ref()), if accepts => Next::Accepted(accepted),
                notice = self.pairing.seen(), if is_open => Next::Noticed(notice),
                seen = look(&mut self.mdns, now), if is_open => Next::Seen(seen),
                () = self.clock.until(deadline) => Next::Tick,
            };
            match next {
                Next::Request(Some(request)) => self.request(request),
                // Nobody is left who could ask, or nobody who listens.
                Next::Request(None) | Next::Deaf => self.begin_shutdown(None),
                Next::Asked(asked) => self.decide(asked),
                Next::Saved(how) => self.saved(how),
                Next::Told(true) => {}
                Next::Told(false) => self.backlog.clear(),
                Next::Report(id, report) => self.report(id, report),
                Next::Joined(joined) => self.joined(joined),
                Next::Accepted(accepted) => self.accepted(accepted),
                Next::Noticed(notice) => self.noticed(notice),
                Next::Seen(seen) => seen.into_iter().for_each(|seen| self.seen(seen)),
                Next::Tick => self.tick(),
            }
        }
        self.tasks.shutdown().await;
        if let Some(goodbye) = self.goodbye {
            let _ = goodbye.await;
        }
        if let Some(capture) = &self.capture {
            // A disk that hangs holds nobody up.
            let _ = tokio::time::timeout(FLUSH, capture.flush()).await;
        }
        while let Some(event) = self.backlog.pop_front() {
            if self.events.try_send(event).is_err() {
                break;
            }
        }
    }

    // What comes in.

    fn request(&mut self, request: Request) {
        match request {
            Request::Attach { stream, role, expected, name } => {
                let attempt = self.attempt();
                let id = attempt.id;
                let host = name.clone();
                let span = span(id, role, &name);
                let task = match role {
                    Role::Server => self.tasks.spawn(attempt.answer(stream).instrument(span)),
                    Role::Client => {
                        let asked = async move { attempt.ask(stream, expected, &host).await };
                        self.tasks.spawn(asked.instrument(span))
                    }
                };
                self.links.insert(id, Link::new(role, name, None, task));
            }
            Request::Disconnect(ski) => {
                for link in self.links.iter_mut().filter(|link| link.ski() == Some(ski)) {
                    link.leave(Leave::Unspecific);
                }
            }
            Request::Pin(ski, pin, done) => self.enter_pin(ski, pin, done),
            Request::Consider(request, done) => {
                // Who asked may have lost interest.
                let _ = done.send(self.consider(&request));
            }
            Request::Petition { ski, asked, secret, done } => {
                let _ = done.send(self.petition(ski, asked, secret));
            }
            Request::Shutdown(asker) => self.begin_shutdown(Some(asker)),
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
        if self.links.half_open(None) >= self.limits.half_open {
            let Some(idlest) = self.links.idlest() else {
                self.complain(&address.to_string(), None, &"too many connections at a time");
                return;
            };
            idlest.is_leaving = true;
            idlest.task.abort();
        }
        let attempt = self.attempt();
        let id = attempt.id;
        let name = address.to_string();
        let span = span(id, Role::Server, &name);
        let task = self.tasks.spawn(attempt.answer(stream).instrument(span));
        let link = Link::new(Role::Server, name, Some(address.ip()), task);
        self.links.insert(id, link);
    }

    fn report(&mut self, id: LinkId, report: Report) {
        let Some(link) = self.links.get_mut(id) else {
            return;
        };
        match report {
            Report::Proven { ski, fingerprint, reply } => self.proven(id, ski, fingerprint, reply),
            Report::Stage(stage) => {
                // To put a new picture together takes as long as there are peers.
                self.is_changed |= seen_as(link.stage) != seen_as(Some(stage));
                link.stage = Some(stage);
            }
            Report::Event(event) => {
                if let Some(ski) = link.ski() {
                    self.event(id, ski, event);
                }
            }
        }
    }

    fn begin_shutdown(&mut self, asker: Option<oneshot::Sender<()>>) {
        let until = self.clock.now() + SHUTDOWN;
        self.shutdown = Some(Shutdown { until, _askers: asker.into_iter().collect() });
        self.listener = None;
        for link in self.links.iter_mut() {
            link.leave(Leave::Unspecific);
        }
        // What we ask others for goes before the rest.
        self.pairing.notices = None;
        if let Some(mdns) = self.mdns.take() {
            self.goodbye = Some(tokio::spawn(mdns.stop()));
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
        let mdns = self.mdns.as_ref().and_then(Mdns::deadline);
        dials
            .chain(vacant)
            .chain(contests)
            .chain(self.accept_at)
            .chain(self.save_at)
            .chain(mdns)
            .chain(self.pairing_deadline())
            .min()
    }

    fn tick(&mut self) {
        let now = self.clock.now();
        if self.shutdown.is_some() {
            return;
        }
        if self.accept_at.is_some_and(|at| now >= at) {
            self.accept_at = None;
        }
        if self.save_at.is_some_and(|at| now >= at) {
            self.save_at = None;
            self.is_note_new = true;
        }
        if let Some(mdns) = &mut self.mdns {
            mdns.tick(now);
        }
        self.contend(now);
        self.pair();
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
                    // The one that the peer uses; or the newest, if it uses none.
                    let session = self.sessions.get(ski).filter(|id| live.contains(id));
                    let kept = session.or(live.last()).copied();
                    for id in live.iter().filter(|id| Some(**id) != kept) {
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
        // §12.2.3: who is connected in any way is not dialled, and nobody twice at a time.
        if let Some(peer) = self.dials[i].peer {
            let mut dials = self.dials.iter();
            let is_dialled = dials.any(|dial| dial.peer == Some(peer) && dial.link.is_some());
            if is_dialled || !self.links.live(peer).is_empty() {
                self.dials[i].soon(now);
                return;
            }
        }
        let Some(course) = self.dials[i].course(&self.neighbours) else {
            // Until it is announced again.
            self.dials[i].at = None;
            return;
        };
        let address = course.address.clone();
        let attempt = self.attempt();
        let id = attempt.id;
        self.dials[i].begin(id, now);
        let span = span(id, Role::Client, &address);
        let task = self.tasks.spawn(attempt.dial(course).instrument(span));
        self.links.insert(id, Link::new(Role::Client, address, None, task));
        self.is_changed = true;
    }

    // What goes out.

    fn attempt(&mut self) -> Attempt {
        Attempt {
            id: self.links.next_id(),
            tls: self.tls.clone(),
            reports: self.reporter.clone(),
            clock: self.clock,
            capture: self.capture.clone(),
        }
    }

    fn tell(&mut self, event: Event) {
        // At the end nobody may be listening any more.
        if self.shutdown.is_none() || self.backlog.len() < BACKLOG {
            self.backlog.push_back(event);
        }
    }

    pub(in crate::net::node) fn publish(&mut self) {
        if core::mem::take(&mut self.is_changed) {
            self.look();
            let dialled = self.dials.iter().filter(|dial| dial.link.is_some());
            let dialled = dialled.filter_map(|dial| dial.peer);
            let mut snapshot = snapshot(&self.trust, &self.links, &self.sessions, dialled);
            snapshot.visible = self.visible.clone();
            self.snapshot.send_replace(snapshot);
            if let Some(mdns) = &mut self.mdns {
                let is_missing = |(ski, _)| !self.sessions.contains_key(&ski);
                mdns.missing(self.trust.trusted().any(is_missing), self.clock.now());
            }
        }
    }
}

/// What the hub was woken by.
enum Next {
    Request(Option<Request>),
    Asked(Asked),
    Saved(Result<(), TrustFileError>),
    Told(bool),
    Deaf,
    Report(LinkId, Report),
    Joined(Result<(tokio::task::Id, Reason), JoinError>),
    Accepted(io::Result<(TcpStream, SocketAddr)>),
    Noticed(Notice),
    Seen(Option<Seen>),
    Tick,
}

/// What belongs to one connection in the log. The SKI follows when it is proven.
fn span(id: LinkId, role: Role, address: &str) -> Span {
    tracing::info_span!("connection", id = id.0, ?role, address, ski = tracing::field::Empty)
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

async fn look(mdns: &mut Option<Mdns>, now: Instant) -> Option<Seen> {
    match mdns {
        Some(mdns) => mdns.seen(now).await,
        None => core::future::pending().await,
    }
}
