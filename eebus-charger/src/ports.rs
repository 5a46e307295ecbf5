//! What the core needs from the world, as traits (charger.md 6).
//!
//! One kind of back end exists so far: the *smart board*, a controller that runs IEC 61851, the
//! contactor and the residual current monitor on its own. The charger tells it a limit and
//! reads what it does (CH-440). A back end maps registers or models a device; it has no policy.

use core::time::Duration;

use eebus_json::Instant;

use crate::core::pilot::{CpOutput, CpState};
use crate::core::units::{MilliAmps, MilliVolts, MilliWattHours, PhaseCurrents, Phases, Watts};

/// A value and the moment at which it was true.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Stamped<T> {
    /// The value.
    pub value: T,
    /// When it was measured.
    pub at: Instant,
}

impl<T> Stamped<T> {
    /// How old the value is.
    pub fn age(&self, now: Instant) -> Duration {
        now - self.at
    }
}

/// A charging port: what the session layer uses of a board.
///
/// No method blocks. A back end that talks over a bus does so elsewhere and answers from what
/// it knows.
pub trait EvsePort: Send {
    /// What the board can do. It does not change while the program runs.
    fn capabilities(&self) -> Capabilities;

    /// Takes a command and hands it to the board.
    ///
    /// # Errors
    ///
    /// [`PortBusy`] if the board cannot take a command now; the caller repeats it.
    fn command(&mut self, command: PortCommand, now: Instant) -> Result<(), PortBusy>;

    /// Does what is due at this moment. Called at least every 20 ms (CH-306).
    fn advance(&mut self, now: Instant);

    /// What was seen last; `None` until the board has reported for the first time.
    fn snapshot(&self) -> Option<PortSnapshot>;
}

/// What to tell the board.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PortCommand {
    /// The most that the car may draw on each phase. Nothing on a connected phase means a pause.
    SetLimit(PhaseCurrents),
}

/// The board cannot take a command now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PortBusy;

impl std::fmt::Display for PortBusy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the controller board cannot take a command now")
    }
}

impl std::error::Error for PortBusy {}

/// What a board can do, as far as anything asks (CH-445).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Capabilities {
    /// The most that it can carry on each phase.
    pub maximum: MilliAmps,
    /// The grid of its limits.
    pub step: MilliAmps,
    /// The phases that are connected to it.
    pub phases: Phases,
}

/// What the car says and what the board says to it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CpReading {
    /// What the car says.
    pub state: CpState,
    /// What is driven.
    pub output: CpOutput,
}

/// The contactor as its feedback contact reports it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ContactorState {
    /// The car has no voltage.
    Open,
    /// The car has voltage.
    Closed,
}

/// What a meter shows; what it cannot measure is absent (CH-446).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct MeterReading {
    /// Active power of all phases.
    pub power: Option<Watts>,
    /// Current of each phase.
    pub current: Option<PhaseCurrents>,
    /// Voltage of each phase against neutral.
    pub voltage: Option<[MilliVolts; 3]>,
    /// The register of imported energy. It only counts up, except when the meter is exchanged.
    pub energy: Option<MilliWattHours>,
}

/// What is known of a port.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PortSnapshot {
    /// The pilot.
    pub cp: Stamped<CpReading>,
    /// The contactor.
    pub contactor: Stamped<ContactorState>,
    /// What the pilot offers to the car on each phase now; nothing at [`CpOutput::X1`].
    pub offered: PhaseCurrents,
    /// The meter, if there is one.
    pub meter: Option<Stamped<MeterReading>>,
}
