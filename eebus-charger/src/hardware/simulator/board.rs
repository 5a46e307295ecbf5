//! A simulated smart board: it runs the pilot and the contactor on its own and knows no policy.

use core::time::Duration;

use crate::core::pilot::{self, CpOutput, CpState};
use crate::core::units::{MilliAmps, PhaseCurrents};
use crate::ports::{Capabilities, ContactorState};

/// The wish to charge must be stable before the contactor closes (T15).
const CLOSE_AFTER: Duration = Duration::from_millis(500);
/// The end of the wish must be stable before the contactor opens (T16).
const OPEN_AFTER: Duration = Duration::from_millis(75);
/// A car that does not stop is switched off under load (T6).
const FORCE_AFTER: Duration = Duration::from_secs(6);
/// The contactor rests between two closings (T14).
const REST: Duration = Duration::from_secs(5);

/// The board.
#[derive(Clone, Debug)]
pub(super) struct Board {
    capabilities: Capabilities,
    limit: MilliAmps,
    cp: CpState,
    /// How long the car has said the same.
    stable: Duration,
    /// How long a car in state C has been told to stop.
    stopping: Duration,
    /// How long the contactor has been open.
    open_for: Duration,
    contactor: ContactorState,
    switched_under_load: u32,
}

impl Board {
    pub(super) fn new(capabilities: Capabilities) -> Self {
        Self {
            capabilities,
            limit: MilliAmps::ZERO,
            cp: CpState::A,
            stable: Duration::ZERO,
            stopping: Duration::ZERO,
            open_for: REST,
            contactor: ContactorState::Open,
            switched_under_load: 0,
        }
    }

    /// One pilot serves all phases: the lowest limit on a connected one counts, and never more
    /// than the board can carry.
    pub(super) fn set_limit(&mut self, limit: PhaseCurrents) {
        let Capabilities { maximum, step, phases } = self.capabilities;
        self.limit = limit.lowest(phases).min(maximum).floor_to(step);
    }

    /// What it drives: a current only to a car that is there.
    pub(super) fn output(&self) -> CpOutput {
        match self.cp {
            CpState::B | CpState::C => pilot::output(self.limit),
            CpState::A | CpState::D | CpState::E | CpState::F => CpOutput::X1,
        }
    }

    /// The current that the pilot encodes. The code itself rounds down by up to 6 mA.
    pub(super) fn offered(&self) -> MilliAmps {
        match self.output() {
            CpOutput::X1 => MilliAmps::ZERO,
            CpOutput::X2(_) => self.limit,
        }
    }

    pub(super) fn cp(&self) -> CpState {
        self.cp
    }

    pub(super) fn contactor(&self) -> ContactorState {
        self.contactor
    }

    /// How often the contactor had to open under load.
    pub(super) fn switched_under_load(&self) -> u32 {
        self.switched_under_load
    }

    /// Lives for `dt` with what the car says on the pilot.
    pub(super) fn step(&mut self, cp: CpState, dt: Duration) {
        self.stable = if cp == self.cp { self.stable + dt } else { Duration::ZERO };
        self.cp = cp;
        let told_to_stop = cp == CpState::C && self.output() == CpOutput::X1;
        self.stopping = if told_to_stop { self.stopping + dt } else { Duration::ZERO };

        match self.contactor {
            ContactorState::Open => {
                self.open_for += dt;
                let ready = cp == CpState::C && !told_to_stop;
                if ready && self.stable >= CLOSE_AFTER && self.open_for >= REST {
                    self.contactor = ContactorState::Closed;
                }
            }
            ContactorState::Closed => {
                let forced = self.stopping >= FORCE_AFTER;
                let open = match cp {
                    CpState::B => self.stable >= OPEN_AFTER,
                    CpState::C => forced,
                    CpState::A | CpState::D | CpState::E | CpState::F => true,
                };
                if open {
                    self.contactor = ContactorState::Open;
                    self.open_for = Duration::ZERO;
                    self.switched_under_load += u32::from(forced);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::units::Phases;

    const MS: Duration = Duration::from_millis(1);

    fn board(amps: u32) -> Board {
        let maximum = MilliAmps::amps(16);
        let mut board =
            Board::new(Capabilities { maximum, step: MilliAmps(100), phases: Phases::THREE });
        board.set_limit(PhaseCurrents::uniform(MilliAmps::amps(amps)));
        board
    }

    fn live(board: &mut Board, cp: CpState, ms: u32) -> ContactorState {
        for _ in 0..ms {
            board.step(cp, MS);
        }
        board.contactor()
    }

    #[test]
    fn a_normal_stop_opens_the_contactor_without_load() {
        let mut board = board(16);
        assert_eq!(board.offered(), MilliAmps::ZERO, "there is no car");
        live(&mut board, CpState::B, 1000);
        assert_eq!(board.offered(), MilliAmps::amps(16));
        assert_eq!(live(&mut board, CpState::C, 500), ContactorState::Open);
        assert_eq!(live(&mut board, CpState::C, 1), ContactorState::Closed);
        board.set_limit(PhaseCurrents::ZERO);
        assert_eq!(board.output(), CpOutput::X1);
        assert_eq!(live(&mut board, CpState::C, 3000), ContactorState::Closed);
        assert_eq!(live(&mut board, CpState::B, 100), ContactorState::Open);
        assert_eq!(board.switched_under_load(), 0);
    }

    #[test]
    fn a_car_that_does_not_stop_is_switched_off_after_six_seconds() {
        let mut board = board(16);
        live(&mut board, CpState::C, 1000);
        board.set_limit(PhaseCurrents::ZERO);
        assert_eq!(live(&mut board, CpState::C, 5999), ContactorState::Closed);
        assert_eq!(live(&mut board, CpState::C, 1), ContactorState::Open);
        assert_eq!(board.switched_under_load(), 1);
        board.set_limit(PhaseCurrents::uniform(MilliAmps::amps(16)));
        assert_eq!(live(&mut board, CpState::C, 4999), ContactorState::Open);
        assert_eq!(live(&mut board, CpState::C, 1), ContactorState::Closed);
    }

    #[test]
    fn an_unplugged_car_loses_the_voltage_at_once() {
        let mut board = board(16);
        live(&mut board, CpState::C, 1000);
        assert_eq!(live(&mut board, CpState::A, 1), ContactorState::Open);
        assert_eq!(board.output(), CpOutput::X1);
    }

    #[test]
    fn it_never_offers_more_than_it_can_carry() {
        let mut board = board(32);
        live(&mut board, CpState::B, 1);
        assert_eq!(board.offered(), MilliAmps::amps(16));
    }
}
