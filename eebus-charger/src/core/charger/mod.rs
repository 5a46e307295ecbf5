//! All of the core together: limits, pace, failsafe, session and state behind one contract.

use core::time::Duration;
use std::collections::VecDeque;

use eebus_json::Instant;

use super::failsafe::Trust;
use super::fault::Fault;
use super::limits::{Lapse, LimitView, Limiter, OpevReason, Reason, Slot, Source};
use super::pacing::{Car, Pacing};
use super::phases::UsedPhases;
use super::pilot::{self, CpState};
use super::session::{Flow, Plug, Session, SessionId, Sessions};
use super::state::ChargeState;
use super::units::{MilliAmps, MilliVolts, PhaseCurrents, Phases, Watts};
use crate::ports::{
    Capabilities, ContactorState, MeterReading, PortCommand, PortSnapshot, Stamped,
};

/// A board whose last word is older than this is lost (CH-443).
pub const BOARD_VALID: Duration = Duration::from_secs(5);
/// A meter reading older than this is unknown (CH-443).
pub const METER_VALID: Duration = Duration::from_secs(15);
/// A limit is repeated this often: a board that is not addressed goes to its own safe current
/// (CH-420).
pub const REPEAT: Duration = Duration::from_secs(1);

/// The voltage that bounds what a phase can carry.
const HIGHEST: MilliVolts = MilliVolts(253_000);

/// What does not change while the program runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Config {
    /// What the board can do: slot `hw`.
    pub capabilities: Capabilities,
    /// What the installation can carry on each phase: slot `supply`.
    pub supply: PhaseCurrents,
    /// The user's own maximum: slot `user_max`.
    pub user_max: Option<MilliAmps>,
    /// The current that overloads nothing even if nobody watches: 0, or at least 6 A (CH-600).
    pub safe_current: MilliAmps,
    /// The number of the next session.
    pub next_session: SessionId,
}

/// What the rest of the program wants: one snapshot, renewed all the time (CH-602).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Controls {
    /// When the snapshot was renewed last.
    pub renewed: Instant,
    /// The session that the user has paused. A pause ends with its session.
    pub paused: Option<SessionId>,
    /// An energy guard has bound the vehicle's limits since commissioning (CH-565).
    pub guard_known: bool,
    /// What overload protection states, and for which session.
    pub opev: Option<(SessionId, OpevCeiling)>,
}

/// The ceiling of overload protection for the running session (slot `opev`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OpevCeiling {
    /// The ceiling on each phase; none while the guard does not limit.
    pub limit: Option<PhaseCurrents>,
    /// What it rests on.
    pub reason: OpevReason,
    /// Until when it is to be trusted without being stated again. Afterwards the safe current
    /// applies, or the ceiling if that is lower.
    pub until: Option<Instant>,
}

/// What can happen to the charger.
#[derive(Clone, Copy, Debug)]
pub enum Input {
    /// The board was looked at; `None` if it has not reported yet.
    Board(Option<PortSnapshot>),
    /// The rest of the program wants this.
    Controls(Controls),
    /// Time has passed.
    Tick,
}

/// What the charger wants to be done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Output {
    /// Tell the board.
    Command(PortCommand),
    /// A vehicle came or went.
    Plug(Plug),
}

/// What the charger does, in one picture.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Status {
    /// The state.
    pub state: ChargeState,
    /// Since when.
    pub since: Instant,
    /// What is wrong.
    pub fault: Option<Fault>,
    /// The vehicle's session, as long as one is connected.
    pub session: Option<Session>,
    /// The number of that session, or of the one that the next plug-in starts.
    pub next_or_running: SessionId,
    /// What the pilot offers on each phase now; nothing while paused.
    pub offered: PhaseCurrents,
    /// The meter; what is not known is absent.
    pub meter: MeterReading,
    /// The limits and what binds.
    pub limits: LimitView,
    /// How far the limits are trusted; anything but fresh caps the offer (CH-602).
    pub trust: Trust,
    /// The least current that can be offered.
    pub minimum: MilliAmps,
    /// The lowest of the charger's own maxima: no manager can raise the offer above it.
    pub maximum: MilliAmps,
    /// The phases that are connected.
    pub phases: Phases,
    /// The phases that the vehicle uses, once the meter has shown that for long enough.
    pub used: Option<Phases>,
}

impl Status {
    /// Whether the user has paused the session.
    pub fn is_paused(&self) -> bool {
        self.limits.slots.iter().any(|slot| slot.source == Source::Enable)
    }
}

/// The charger.
#[derive(Debug)]
pub struct Charger {
    config: Config,
    controls: Controls,
    board: Option<PortSnapshot>,
    sessions: Sessions,
    phases: UsedPhases,
    latched: Option<Fault>,
    limiter: Limiter,
    view: LimitView,
    pacing: Pacing,
    trust: Trust,
    commanded: Option<Stamped<PhaseCurrents>>,
    state: ChargeState,
    since: Instant,
    outputs: VecDeque<Output>,
}

impl Charger {
    /// A charger that has not heard from its board yet.
    pub fn new(config: Config, controls: Controls, now: Instant) -> Self {
        Self {
            config,
            controls,
            board: None,
            sessions: Sessions::new(config.next_session),
            phases: UsedPhases::default(),
            latched: None,
            limiter: Limiter::default(),
            view: LimitView::default(),
            pacing: Pacing::default(),
            trust: Trust::Fresh,
            commanded: None,
            state: ChargeState::default(),
            since: now,
            outputs: VecDeque::new(),
        }
    }

    /// Takes what happened. Any number of inputs may come before the outputs are polled.
    pub fn handle(&mut self, input: Input, now: Instant) {
        match input {
            Input::Board(Some(snapshot)) => self.observe(snapshot, now),
            Input::Board(None) | Input::Tick => {}
            Input::Controls(controls) => self.controls = controls,
        }
        self.decide(now);
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to come back at the latest if nothing happens.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let board = self.board.as_ref()?;
        [
            Some(board.cp.at + BOARD_VALID + Duration::from_millis(1)).filter(|at| *at > now),
            self.commanded.map(|commanded| commanded.at + REPEAT),
            self.limiter.deadline(now),
            self.pacing.deadline(&self.view),
            self.sessions.deadline(now),
            Trust::deadline(self.controls.renewed, now),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// The picture at this moment.
    pub fn status(&self, now: Instant) -> Status {
        Status {
            state: self.state,
            since: self.since,
            fault: self.fault(now),
            session: self.sessions.running().copied(),
            next_or_running: self.sessions.current_or_next(),
            offered: self.board.map(|board| board.offered).unwrap_or_default(),
            meter: self.meter(now),
            limits: self.view.clone(),
            trust: self.trust,
            minimum: pilot::LEAST,
            maximum: self.maximum(),
            phases: self.config.capabilities.phases,
            used: self.phases.known(),
        }
    }

    /// What a board that is left alone should be told: it goes on without us, but not above the
    /// safe current.
    pub fn parting(&self) -> PortCommand {
        let offered = self.commanded.map_or(PhaseCurrents::ZERO, |commanded| commanded.value);
        PortCommand::SetLimit(offered.min(PhaseCurrents::uniform(self.config.safe_current)))
    }

    fn observe(&mut self, board: PortSnapshot, now: Instant) {
        let cp = board.cp.value.state;
        self.board = Some(board);

        let plug = self.sessions.pilot(cp, now);
        if plug.is_some() {
            self.phases.forget();
            self.outputs.extend(plug.map(Output::Plug));
        }
        match cp {
            CpState::A => self.latched = None,
            CpState::D => self.latched = Some(Fault::VentilationRequired),
            CpState::E | CpState::F => self.latched = Some(Fault::EvErrorState),
            CpState::B | CpState::C => {}
        }

        let meter = self.meter(now);
        let closed = board.contactor.value == ContactorState::Closed;
        let connected = closed && cp == CpState::C;
        self.phases.observe(meter.current.filter(|_| connected), now);
        let flow = Flow {
            register: meter.energy,
            current: meter.current.map(|c| c.0.into_iter().max().unwrap_or_default()),
            connected,
            declined: cp == CpState::B && self.pacing.offered() > MilliAmps::ZERO,
        };
        self.sessions.flow(flow, self.most(), now);
    }

    /// Limits, offer, command, state: always all of it and in this order.
    fn decide(&mut self, now: Instant) {
        let Some(board) = self.board else { return };
        let fault = self.fault(now);
        self.state_ceilings(fault);

        let capabilities = &self.config.capabilities;
        let in_use = self.phases.in_use(capabilities.phases);
        self.view = self.limiter.view(in_use, capabilities.step, now);
        self.trust = Trust::at(self.controls.renewed, now);
        if let Some(cap) = self.trust.cap(self.pacing.offered(), self.config.safe_current) {
            self.view.cap(cap);
        }
        let car = match (self.sessions.running(), board.cp.value.state) {
            (None, _) => Car::Away,
            (Some(_), CpState::C) => Car::Drawing,
            (Some(_), _) => Car::Waiting,
        };
        self.pacing.follow(&self.view, car, self.config.safe_current, now);
        let offer = PhaseCurrents::on(capabilities.phases, self.pacing.offered());
        let is_due = |last: Stamped<PhaseCurrents>| last.value != offer || now >= last.at + REPEAT;
        if self.commanded.is_none_or(is_due) {
            self.commanded = Some(Stamped { value: offer, at: now });
            self.outputs.push_back(Output::Command(PortCommand::SetLimit(offer)));
        }

        let state = self.derive(&board, fault, now);
        if state != self.state {
            self.state = state;
            self.since = now;
        }
    }

    /// Every source states its ceiling.
    fn state_ceilings(&mut self, fault: Option<Fault>) {
        let config = &self.config;
        let uniform = PhaseCurrents::uniform;
        let hw = match fault {
            None => Slot::lasting(uniform(config.capabilities.maximum), Reason::Hardware),
            Some(fault) => Slot::lasting(PhaseCurrents::ZERO, Reason::Fault(fault)),
        };
        let user_max = config.user_max.map(|max| Slot::lasting(uniform(max), Reason::UserMax));
        let paused = self.controls.paused == Some(self.sessions.current_or_next());
        let enable = paused.then(|| Slot::lasting(PhaseCurrents::ZERO, Reason::Paused));
        let opev = self.sessions.running().and_then(|session| self.opev(session.id));
        self.limiter.set(Source::Hw, Some(hw));
        self.limiter.set(Source::Supply, Some(Slot::lasting(config.supply, Reason::Supply)));
        self.limiter.set(Source::UserMax, user_max);
        self.limiter.set(Source::Enable, enable);
        self.limiter.set(Source::Opev, opev);
    }

    /// What overload protection states in this session. A word from an earlier session does not
    /// count: after each plug-in a known guard has to be heard first (CH-565).
    fn opev(&self, session: SessionId) -> Option<Slot> {
        let safe = PhaseCurrents::uniform(self.config.safe_current);
        match self.controls.opev {
            Some((stated_for, ceiling)) if stated_for == session => Some(Slot {
                limit: ceiling.limit,
                reason: Reason::Opev(ceiling.reason),
                lapse: ceiling.until.map(|at| Lapse {
                    at,
                    limit: ceiling.limit.map_or(safe, |limit| limit.min(safe)),
                    reason: Reason::Opev(OpevReason::NotRenewed),
                }),
            }),
            _ if self.controls.guard_known => {
                Some(Slot::lasting(safe, Reason::Opev(OpevReason::NotYetHeard)))
            }
            _ => None,
        }
    }

    fn derive(&self, board: &PortSnapshot, fault: Option<Fault>, now: Instant) -> ChargeState {
        if let Some(fault) = fault {
            return ChargeState::of_fault(fault);
        }
        if self.sessions.running().is_none() {
            return ChargeState::Idle;
        }
        let offering = self.pacing.offered() > MilliAmps::ZERO;
        let closed = board.contactor.value == ContactorState::Closed;
        match (board.cp.value.state == CpState::C, closed, offering) {
            (true, true, true) if self.sessions.is_without_flow(now) => ChargeState::ChargingNoFlow,
            (true, true, true) => ChargeState::Charging,
            (true, true, false) => ChargeState::StoppingEv,
            (_, _, false) => ChargeState::WaitLimit,
            (false, _, true) if self.sessions.is_finished(now) => ChargeState::Finished,
            (_, _, true) => ChargeState::ReadyB2,
        }
    }

    fn fault(&self, now: Instant) -> Option<Fault> {
        let lost = self.board.is_some_and(|board| board.cp.age(now) > BOARD_VALID);
        lost.then_some(Fault::BoardCommLost).or(self.latched)
    }

    fn meter(&self, now: Instant) -> MeterReading {
        let reading = self.board.and_then(|board| board.meter);
        reading
            .filter(|meter| meter.age(now) <= METER_VALID)
            .map_or_else(MeterReading::default, |meter| meter.value)
    }

    /// The lowest of the charger's own maxima.
    fn maximum(&self) -> MilliAmps {
        let capabilities = &self.config.capabilities;
        let supply = self.config.supply.lowest(capabilities.phases);
        let own = capabilities.maximum.min(supply);
        self.config.user_max.map_or(own, |max| max.min(own)).floor_to(capabilities.step)
    }

    /// The most power that the port can carry.
    fn most(&self) -> Watts {
        let capabilities = &self.config.capabilities;
        let microwatts = u64::from(capabilities.maximum.0)
            * u64::from(HIGHEST.0)
            * u64::from(capabilities.phases.count());
        Watts(i32::try_from(microwatts / 1_000_000).unwrap_or(i32::MAX))
    }
}

#[cfg(test)]
mod tests;
