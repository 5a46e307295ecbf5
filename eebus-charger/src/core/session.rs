//! From plug-in to unplug: one session, its energy and its duration.

use core::time::Duration;

use eebus_json::Instant;

use super::pilot::CpState;
use super::units::{MilliAmps, MilliWattHours, Watts};

/// A pilot that flickers for less than this neither starts nor ends a session. A peer is to hear
/// of an unplugged vehicle within a second, so the bound is a little below that (e-mobility 3.1,
/// EM-GEN-005).
pub const DEBOUNCE: Duration = Duration::from_millis(900);
/// A car that has charged and stays away from an offer this long does not want more (CH-342).
pub const FINISHED_AFTER: Duration = Duration::from_secs(180);
/// So long may a closed contactor carry next to nothing before that is worth a word.
pub const NO_FLOW_AFTER: Duration = Duration::from_secs(60);
/// Below this current on every phase nothing flows.
pub const NO_FLOW: MilliAmps = MilliAmps(500);

/// The number of a session. Numbers count up over restarts and are never used twice.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SessionId(pub u64);

/// How the vehicle and the charger talk. A smart board without ISO 15118 knows one way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Communication {
    /// Pilot and resistor only: `iec61851`.
    Iec61851,
}

/// A vehicle that is connected, and what it has drawn since it was plugged in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Session {
    /// Its number.
    pub id: SessionId,
    /// When the vehicle was plugged in.
    pub started: Instant,
    /// How long energy has flowed.
    pub charging: Duration,
    /// What the meter has counted.
    pub energy: MilliWattHours,
    /// How often the meter's register jumped, so that the energy is not complete (CH-431).
    pub discontinuities: u32,
    /// How the vehicle talks.
    pub communication: Communication,
}

/// What happened to the connection of a vehicle.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Plug {
    /// A vehicle was plugged in.
    In(Session),
    /// A vehicle was unplugged; this is its session.
    Out(Session),
}

/// The running session, or the wait for one.
#[derive(Clone, Debug)]
pub struct Sessions {
    next: SessionId,
    running: Option<Session>,
    /// The pilot has been seen before.
    started: bool,
    /// Since when the pilot has said the opposite of what counts.
    flicker: Option<Instant>,
    register: Option<Register>,
    flowing: Option<Instant>,
    /// Since when a closed contactor has carried nothing.
    idle: Option<Instant>,
    /// Since when an offer has been declined by a car that has charged.
    declined: Option<Instant>,
}

/// A meter reading that energy is counted from.
#[derive(Clone, Copy, Debug)]
struct Register {
    value: MilliWattHours,
    at: Instant,
}

/// What the meter and the car say about the flow of energy.
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    /// The meter's register.
    pub register: Option<MilliWattHours>,
    /// The highest current of all phases; none if it is not measured.
    pub current: Option<MilliAmps>,
    /// The contactor is closed and the car wants current.
    pub connected: bool,
    /// A current is offered and the car declines it (state B).
    pub declined: bool,
}

impl Sessions {
    /// No session yet; the next one gets the number `next`.
    pub fn new(next: SessionId) -> Self {
        Self {
            next,
            running: None,
            started: false,
            flicker: None,
            register: None,
            flowing: None,
            idle: None,
            declined: None,
        }
    }

    /// The running session.
    pub fn running(&self) -> Option<&Session> {
        self.running.as_ref()
    }

    /// The number of the running session, or of the one that the next plug-in starts.
    pub fn current_or_next(&self) -> SessionId {
        self.running.map_or(self.next, |session| session.id)
    }

    /// The car has charged and has been declining the offer for a while.
    pub fn is_finished(&self, now: Instant) -> bool {
        self.declined.is_some_and(|since| now >= since + FINISHED_AFTER)
    }

    /// The contactor has been closed without current for a while.
    pub fn is_without_flow(&self, now: Instant) -> bool {
        self.idle.is_some_and(|since| now >= since + NO_FLOW_AFTER)
    }

    /// Takes what the pilot says. E and F do not end a session: they can be our own doing.
    ///
    /// A car that is there when the program starts may be charging on the board's own account;
    /// its session starts at once, so that nothing interrupts it (CH-422).
    pub fn pilot(&mut self, cp: CpState, now: Instant) -> Option<Plug> {
        let differs = match (cp, self.running.is_some()) {
            (CpState::A, true) => true,
            (CpState::B | CpState::C | CpState::D, false) => true,
            (CpState::A, false) | (CpState::B | CpState::C | CpState::D, true) => false,
            (CpState::E | CpState::F, _) => return None,
        };
        let first = !core::mem::replace(&mut self.started, true);
        if !differs {
            self.flicker = None;
            return None;
        }
        let since = *self.flicker.get_or_insert(now);
        if !first && now < since + DEBOUNCE {
            return None;
        }
        let id = self.next;
        let ended = self.running.take();
        *self = Self { started: true, ..Self::new(id) };
        if let Some(session) = ended {
            return Some(Plug::Out(session));
        }
        let session = Session {
            id,
            started: since,
            charging: Duration::ZERO,
            energy: MilliWattHours::default(),
            discontinuities: 0,
            communication: Communication::Iec61851,
        };
        self.next = SessionId(id.0 + 1);
        self.running = Some(session);
        Some(Plug::In(session))
    }

    /// Counts time and energy. `most` is the highest power that the port can carry.
    pub fn flow(&mut self, flow: Flow, most: Watts, now: Instant) {
        let Some(session) = &mut self.running else { return };

        if let Some(value) = flow.register {
            if let Some(last) = self.register {
                match counted(last, value, most, now) {
                    Some(energy) => session.energy.0 += energy.0,
                    None => session.discontinuities = session.discontinuities.saturating_add(1),
                }
            }
            // The bound on the next step grows with the time since the register last moved.
            if self.register.is_none_or(|last| last.value != value) {
                self.register = Some(Register { value, at: now });
            }
        }

        let flows = flow.connected && flow.current.is_none_or(|current| current >= NO_FLOW);
        if let Some(since) = self.flowing {
            session.charging += now - since;
        }
        self.flowing = flows.then_some(now);
        since(&mut self.idle, flow.connected && !flows, now);
        since(&mut self.declined, flow.declined && session.energy.0 > 0, now);
    }

    /// When a session starts, ends, is finished or without flow if nothing else happens.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        [
            self.flicker.map(|since| since + DEBOUNCE),
            self.idle.map(|since| since + NO_FLOW_AFTER),
            self.declined.map(|since| since + FINISHED_AFTER),
        ]
        .into_iter()
        .flatten()
        .filter(|at| *at > now)
        .min()
    }
}

/// Keeps the moment since when a condition has held.
fn since(slot: &mut Option<Instant>, holds: bool, now: Instant) {
    if holds {
        slot.get_or_insert(now);
    } else {
        *slot = None;
    }
}

/// The energy between two readings; `None` if the register ran backwards or counted more than
/// the port can carry in that time (CH-431).
fn counted(
    last: Register,
    value: MilliWattHours,
    most: Watts,
    now: Instant,
) -> Option<MilliWattHours> {
    /// What a coarse register may count at once.
    const GRAIN: u128 = 100_000;
    let energy = value.0.checked_sub(last.value.0)?;
    let watts = u128::from(most.0.max(0).unsigned_abs());
    // W times ms is 1/3600 mWh; a fifth on top for the tolerance of meter and time.
    let bound = watts * (now - last.at).as_millis() / 3600 * 6 / 5 + GRAIN;
    (u128::from(energy) <= bound).then_some(MilliWattHours(energy))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: Watts = Watts(11_040);

    fn at(ms: u64) -> Instant {
        Instant::ORIGIN + Duration::from_millis(ms)
    }

    fn plugged_in() -> Sessions {
        let mut sessions = Sessions::new(SessionId(7));
        assert_eq!(sessions.pilot(CpState::A, at(0)), None);
        assert_eq!(sessions.pilot(CpState::B, at(0)), None);
        assert!(matches!(sessions.pilot(CpState::B, at(1000)), Some(Plug::In(_))));
        sessions
    }

    fn drawing(register: u64) -> Flow {
        Flow {
            register: Some(MilliWattHours(register)),
            current: Some(MilliAmps::amps(16)),
            connected: true,
            declined: false,
        }
    }

    #[test]
    fn a_flicker_of_the_pilot_is_no_session() {
        let mut sessions = Sessions::new(SessionId(7));
        assert_eq!(sessions.pilot(CpState::A, at(0)), None);
        assert_eq!(sessions.pilot(CpState::B, at(0)), None);
        assert_eq!(sessions.deadline(at(0)), Some(at(900)));
        assert_eq!(sessions.pilot(CpState::A, at(800)), None);
        assert_eq!(sessions.pilot(CpState::B, at(1000)), None);
        assert_eq!(sessions.pilot(CpState::B, at(1899)), None);
        assert!(matches!(sessions.pilot(CpState::C, at(1900)), Some(Plug::In(s)) if s.id.0 == 7));
    }

    #[test]
    fn ch_422_a_car_that_is_there_from_the_start_has_its_session_at_once() {
        let mut sessions = Sessions::new(SessionId(7));
        assert!(matches!(sessions.pilot(CpState::C, at(0)), Some(Plug::In(_))));
    }

    #[test]
    fn a_session_survives_interruptions_of_the_pilot_and_ends_at_the_unplug() {
        let mut sessions = plugged_in();
        for cp in [CpState::E, CpState::F, CpState::A, CpState::B] {
            assert_eq!(sessions.pilot(cp, at(5000)), None);
        }
        assert_eq!(sessions.pilot(CpState::A, at(9000)), None);
        assert!(
            matches!(sessions.pilot(CpState::A, at(10_000)), Some(Plug::Out(s)) if s.id.0 == 7)
        );
        assert_eq!(sessions.current_or_next(), SessionId(8));
    }

    #[test]
    fn energy_is_the_difference_of_the_register() {
        let mut sessions = plugged_in();
        sessions.flow(drawing(50_000_000), MOST, at(2000));
        sessions.flow(drawing(50_003_000), MOST, at(3000));
        sessions.flow(drawing(50_006_000), MOST, at(4000));
        let session = sessions.running().expect("it runs");
        assert_eq!(session.energy.watt_hours(), 6);
        assert_eq!(session.charging, Duration::from_secs(2));
    }

    #[test]
    fn ch_431_a_register_that_jumps_is_not_counted() {
        let mut sessions = plugged_in();
        sessions.flow(drawing(50_000_000), MOST, at(2000));
        sessions.flow(drawing(1_000), MOST, at(3000));
        sessions.flow(drawing(4_000), MOST, at(4000));
        sessions.flow(drawing(90_000_000), MOST, at(5000));
        sessions.flow(drawing(90_003_000), MOST, at(6000));
        let session = sessions.running().expect("it runs");
        assert_eq!(session.energy.watt_hours(), 6);
        assert_eq!(session.discontinuities, 2);
    }

    #[test]
    fn a_coarse_register_is_no_jump() {
        let mut sessions = plugged_in();
        sessions.flow(drawing(0), MOST, at(2000));
        sessions.flow(drawing(0), MOST, at(32_000));
        sessions.flow(drawing(100_000), MOST, at(33_000));
        assert_eq!(sessions.running().expect("it runs").energy.watt_hours(), 100);
    }

    #[test]
    fn a_car_that_has_charged_and_declines_is_finished_after_three_minutes() {
        let mut sessions = plugged_in();
        let declines = Flow { connected: false, declined: true, ..drawing(0) };
        sessions.flow(declines, MOST, at(2000));
        assert_eq!(sessions.declined, None, "it has not charged yet");
        sessions.flow(drawing(3_000), MOST, at(3000));
        let declines = Flow { register: Some(MilliWattHours(3_000)), ..declines };
        sessions.flow(declines, MOST, at(4000));
        assert!(!sessions.is_finished(at(183_999)));
        assert!(sessions.is_finished(at(184_000)));
    }

    #[test]
    fn a_closed_contactor_without_current_is_noticed_after_a_minute() {
        let mut sessions = plugged_in();
        let nothing = Flow { current: Some(MilliAmps(499)), ..drawing(0) };
        sessions.flow(nothing, MOST, at(2000));
        assert!(!sessions.is_without_flow(at(61_999)));
        assert!(sessions.is_without_flow(at(62_000)));
        sessions.flow(drawing(0), MOST, at(63_000));
        assert!(!sessions.is_without_flow(at(63_000)));
    }
}
