//! What the API answers: integers in base units, times in UTC, unknown fields absent (CH-702).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ship::Ski;

use crate::clock::Clock;
use crate::core::charger::Status;
use crate::core::curve::Point;
use crate::core::failsafe::Trust;
use crate::core::fault::Fault;
use crate::core::limits::{LimitView, OpevReason, Reason};
use crate::core::session::Session;
use crate::core::units::PhaseCurrents;
use crate::peers::{Peer, PeerState};

/// `GET /status`: everything of the overview.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct StatusDocument {
    /// The state, `charging`.
    pub state: String,
    /// The state for people.
    pub text: String,
    /// The colour of the state.
    pub colour: String,
    /// Since when.
    pub since: String,
    /// What is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<FaultDocument>,
    /// Active power in W.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power_w: Option<i32>,
    /// Current of each phase in mA.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_ma: Option<[u32; 3]>,
    /// Voltage of each phase in mV.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voltage_mv: Option<[u32; 3]>,
    /// Whether a vehicle is connected.
    pub vehicle_connected: bool,
    /// What the pilot offers on each phase now in mA; 0 while paused.
    pub offered_ma: [u32; 3],
    /// The running session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionDocument>,
    /// What the limits allow.
    pub limit: LimitDocument,
    /// The energy manager; absent without EEBUS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ems: Option<EmsDocument>,
    /// The trusted peers, and those that wait for the user's decision (state `waiting`).
    #[serde(default)]
    pub peers: Vec<PeerDocument>,
    /// The network that the charger is in; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkDocument>,
    /// What is not as it should be and does not stop the charging.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// When all of this was so, by the charger's clock.
    pub time: String,
    /// How long the charger has been running, in s.
    pub uptime_s: u64,
    /// The version of its software.
    pub version: String,
    /// The limits are not renewed and are trusted no more (CH-602).
    pub stale: bool,
}

/// A fault.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct FaultDocument {
    /// `F19`
    pub code: String,
    /// `board_comm_lost`
    pub name: String,
    /// For people.
    pub text: String,
}

/// A session.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SessionDocument {
    /// Its number.
    pub id: u64,
    /// When the vehicle was plugged in.
    pub start: String,
    /// How long energy has flowed, in s.
    pub charging_s: u64,
    /// What the meter has counted, in Wh.
    pub energy_wh: u64,
}

/// What the limits allow, in short.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct LimitDocument {
    /// The most that may be offered, in mA; below 6,000 it means a pause.
    pub effective_ma: u32,
    /// The sources that bind.
    pub binding: Vec<String>,
    /// For people.
    pub text: String,
    /// What every source states, in the order of `binding`.
    #[serde(default)]
    pub reasons: Vec<ReasonDocument>,
}

/// What one source of limits states, as identifiers and numbers for whoever has the words.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ReasonDocument {
    /// Who states it: `opev`.
    pub source: String,
    /// Why: `opev_limit`, see [`Reason::id`].
    pub reason: String,
    /// Which fault, if that is the reason: `F19`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// The ceiling on each phase in mA; absent if the source does not limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ma: Option<[u32; 3]>,
}

/// The network in use.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct NetworkDocument {
    /// What kind it is: `ethernet`, `wifi`.
    pub active: String,
    /// The name that the system has for it: `eth0`.
    pub interface: String,
    /// The charger's address in it.
    pub address: String,
}

/// The energy manager.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct EmsDocument {
    /// How the connection stands.
    pub state: String,
    /// What it calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ski: Option<String>,
    /// How long ago its last heartbeat came, in ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heartbeat_age_ms: Option<u64>,
}

/// A peer.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PeerDocument {
    /// Who it is.
    pub ski: String,
    /// How the connection stands.
    pub state: String,
    /// What it calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// `GET /limits`: the whole view of the limiter (CH-566).
#[derive(Clone, Debug, Serialize)]
pub struct LimitsDocument {
    effective_ma: [u32; 3],
    binding: Vec<&'static str>,
    slots: Vec<SlotDocument>,
}

#[derive(Clone, Debug, Serialize)]
struct SlotDocument {
    id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ma: Option<[u32; 3]>,
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<String>,
}

/// `GET /sessions/current/curve`: what the running session has done so far (CH-092).
#[derive(Clone, Debug, Serialize)]
pub struct CurveDocument {
    /// The number of the session.
    session: u64,
    /// When the vehicle was plugged in.
    start: String,
    /// Oldest first.
    points: Vec<PointDocument>,
}

#[derive(Clone, Debug, Serialize)]
struct PointDocument {
    /// When, in s since the start; the end of what the means cover.
    t_s: u32,
    /// Mean active power in W.
    #[serde(skip_serializing_if = "Option::is_none")]
    power_w: Option<i32>,
    /// The energy of the session until then, in Wh.
    energy_wh: u64,
    /// Mean current of each phase in mA.
    #[serde(skip_serializing_if = "Option::is_none")]
    current_ma: Option<[u32; 3]>,
    /// What the pilot offered then, in mA; 0 while paused.
    offered_ma: u32,
    /// The most that could have been offered then, in mA.
    limit_ma: u32,
    /// Why not more: `opev_limit`, see [`Reason::id`]; absent while the limits were stale.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// Which fault, if that was the reason: `F19`.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'static str>,
}

/// `GET /eebus`: the node and its trusted peers.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct EebusDocument {
    /// The charger's own SKI.
    pub ski: String,
    /// How the connection to the energy manager stands.
    pub state: String,
    /// The trusted peers.
    pub peers: Vec<PeerDocument>,
}

/// One entry of `GET /eebus/requests`: a peer that waits for a decision.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct RequestDocument {
    /// Who it is.
    pub ski: String,
}

impl StatusDocument {
    /// The document of this picture; `trusted` if there is EEBUS, and who waits.
    pub fn new(
        status: &Status,
        trusted: Option<Vec<Peer>>,
        waiting: &[Ski],
        network: Option<NetworkDocument>,
        clock: Clock,
    ) -> Self {
        let now = clock.now();
        let meaning = status.state.meaning();
        let meter = &status.meter;
        Self {
            state: meaning.name.into(),
            text: meaning.text.into(),
            colour: meaning.colour.as_str().into(),
            since: time(clock.utc(status.since)),
            fault: status.fault.map(|fault| FaultDocument {
                code: fault.code().into(),
                name: fault.name().into(),
                text: fault.text().into(),
            }),
            power_w: meter.power.map(|power| power.0),
            current_ma: meter.current.map(currents),
            voltage_mv: meter.voltage.map(|voltage| voltage.map(|phase| phase.0)),
            vehicle_connected: status.session.is_some(),
            offered_ma: currents(status.offered),
            session: status.session.map(|session| SessionDocument {
                id: session.id.0,
                start: time(clock.utc(session.started)),
                charging_s: session.charging.as_secs(),
                energy_wh: session.energy.watt_hours(),
            }),
            limit: LimitDocument {
                effective_ma: status.limits.current.0,
                binding: binding(&status.limits).map(Into::into).collect(),
                text: status.limits.to_string(),
                reasons: ReasonDocument::all(&status.limits),
            },
            ems: trusted.as_deref().map(EmsDocument::new),
            peers: trusted
                .iter()
                .flatten()
                .map(PeerDocument::new)
                .chain(waiting.iter().copied().map(PeerDocument::waiting))
                .collect(),
            network,
            warnings: warnings(status).map(Into::into).collect(),
            time: time(clock.utc(now)),
            uptime_s: now.since_origin().as_secs(),
            version: env!("CARGO_PKG_VERSION").into(),
            stale: status.trust != Trust::Fresh,
        }
    }
}

impl ReasonDocument {
    fn all(view: &LimitView) -> Vec<Self> {
        let reasons = view.slots.iter().map(|slot| Self {
            source: slot.source.id().into(),
            reason: slot.reason.id().into(),
            fault: fault(slot.reason).map(|fault| fault.code().into()),
            ma: slot.limit.map(currents),
        });
        reasons.collect()
    }
}

impl CurveDocument {
    /// The document of these points.
    pub fn new(session: &Session, points: &[Point], clock: Clock) -> Self {
        let points = points.iter().map(|point| PointDocument {
            t_s: point.second,
            power_w: point.power.map(|power| power.0),
            energy_wh: point.energy.watt_hours(),
            current_ma: point.current.map(currents),
            offered_ma: point.offered.0,
            limit_ma: point.limit.0,
            reason: point.reason.map(Reason::id),
            fault: point.reason.and_then(fault).map(Fault::code),
        });
        Self {
            session: session.id.0,
            start: time(clock.utc(session.started)),
            points: points.collect(),
        }
    }
}

impl EmsDocument {
    /// The energy manager among the peers: the guard, else who is connected, else whoever.
    fn new(peers: &[Peer]) -> Self {
        let connected = |peer: &&Peer| peer.state == PeerState::Connected;
        let ems = (peers.iter().find(|peer| peer.is_guard))
            .or_else(|| peers.iter().find(connected))
            .or_else(|| peers.first());
        let age = ems.and_then(|peer| peer.heartbeat_age);
        Self {
            state: ems.map_or(PeerState::NotConnected, |peer| peer.state).as_str().into(),
            name: ems.and_then(|peer| peer.name.clone()),
            ski: ems.map(|peer| peer.ski.to_string()),
            heartbeat_age_ms: age.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX)),
        }
    }
}

impl PeerDocument {
    fn new(peer: &Peer) -> Self {
        Self {
            ski: peer.ski.to_string(),
            state: peer.state.as_str().into(),
            name: peer.name.clone(),
        }
    }

    fn waiting(ski: Ski) -> Self {
        Self { ski: ski.to_string(), state: "waiting".into(), name: None }
    }
}

impl EebusDocument {
    /// The node with this SKI and its trusted peers.
    pub fn new(ski: Ski, peers: &[Peer]) -> Self {
        let state = EmsDocument::new(peers).state;
        Self { ski: ski.to_string(), state, peers: peers.iter().map(PeerDocument::new).collect() }
    }
}

impl RequestDocument {
    /// The peer with this SKI waits.
    pub fn new(ski: Ski) -> Self {
        Self { ski: ski.to_string() }
    }
}

impl LimitsDocument {
    /// The document of this view.
    pub fn new(view: &LimitView, clock: Clock) -> Self {
        let slots = view.slots.iter().map(|slot| SlotDocument {
            id: slot.source.id(),
            ma: slot.limit.map(currents),
            reason: slot.reason.to_string(),
            valid_until: slot.until.map(|until| time(clock.utc(until))),
        });
        Self {
            effective_ma: currents(view.effective),
            binding: binding(view).collect(),
            slots: slots.collect(),
        }
    }
}

const fn fault(reason: Reason) -> Option<Fault> {
    match reason {
        Reason::Fault(fault) => Some(fault),
        _ => None,
    }
}

fn binding(view: &LimitView) -> impl Iterator<Item = &'static str> {
    view.binding.iter().map(|source| source.id())
}

fn warnings(status: &Status) -> impl Iterator<Item = &'static str> {
    use OpevReason::{Failed, Lost, NotRenewed};
    let lost = |reason| matches!(reason, Reason::Opev(Lost | Failed | NotRenewed));
    let ems_lost = status.limits.slots.iter().any(|slot| lost(slot.reason));
    let jumped = status.session.is_some_and(|session| session.discontinuities > 0);
    let warnings = [(ems_lost, "ems_lost"), (jumped, "meter_discontinuity")];
    warnings.into_iter().filter_map(|(applies, warning)| applies.then_some(warning))
}

fn currents(currents: PhaseCurrents) -> [u32; 3] {
    currents.0.map(|current| current.0)
}

/// RFC 3339 to the second.
fn time(time: Timestamp) -> String {
    format!("{time:.0}")
}
