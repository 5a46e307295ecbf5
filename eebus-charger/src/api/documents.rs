//! What the API answers: integers in base units, times in UTC, unknown fields absent (CH-702).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ship::Ski;

use crate::clock::Clock;
use crate::core::charger::Status;
use crate::core::failsafe::Trust;
use crate::core::limits::{LimitView, OpevReason, Reason};
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
    /// What is not as it should be and does not stop the charging.
    #[serde(default)]
    pub warnings: Vec<String>,
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
    pub fn new(status: &Status, trusted: Option<Vec<Peer>>, waiting: &[Ski], clock: Clock) -> Self {
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
            },
            ems: trusted.as_deref().map(EmsDocument::new),
            peers: trusted
                .iter()
                .flatten()
                .map(PeerDocument::new)
                .chain(waiting.iter().copied().map(PeerDocument::waiting))
                .collect(),
            warnings: warnings(status).map(Into::into).collect(),
            stale: status.trust != Trust::Fresh,
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
