//! The one word for what the charger does, and the table of what it means to whom (charger.md 3.2).
//!
//! Web, command line and EEBUS show the same state and take what they show from the same row
//! (CH-308). States whose cause is not built (PIN, plan, phase switching, wake-up) do not exist.

use super::fault::Fault;

/// The state of the session layer.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum ChargeState {
    /// The board has not reported yet.
    #[default]
    Booting,
    /// Ready, no vehicle.
    Idle,
    /// A vehicle is connected and some limit is below 6 A.
    WaitLimit,
    /// A current is offered and the vehicle does not draw it.
    ReadyB2,
    /// Energy flows.
    Charging,
    /// The contactor is closed and hardly any current has flowed for a minute.
    ChargingNoFlow,
    /// The offer is withdrawn and the vehicle has not stopped yet.
    StoppingEv,
    /// The vehicle has charged and does not want more.
    Finished,
    /// A fault that ends with its cause.
    FaultAuto,
    /// A fault that needs the vehicle to be unplugged.
    FaultLatched,
}

/// The colour of the status light and of the status in the web.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Colour {
    /// Nothing to do.
    White,
    /// Waiting for something.
    Blue,
    /// Charging.
    Green,
    /// A fault.
    Red,
}

impl Colour {
    /// The word in documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::White => "white",
            Self::Blue => "blue",
            Self::Green => "green",
            Self::Red => "red",
        }
    }
}

/// The operating state that EEBUS knows, of the vehicle or of the charger.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OperatingState {
    /// `normalOperation`
    NormalOperation,
    /// `finished`
    Finished,
    /// `failure`
    Failure,
}

/// One row of the table: what a state means to everybody who shows it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Meaning {
    /// The word in documents: `wait_limit`.
    pub name: &'static str,
    /// The phrase for people.
    pub text: &'static str,
    /// The colour.
    pub colour: Colour,
    /// The operating state of the EV entity, as long as a vehicle is connected.
    pub vehicle: OperatingState,
    /// The operating state of the EVSE entity.
    pub charger: OperatingState,
}

impl ChargeState {
    /// All states.
    pub const ALL: [Self; 10] = [
        Self::Booting,
        Self::Idle,
        Self::WaitLimit,
        Self::ReadyB2,
        Self::Charging,
        Self::ChargingNoFlow,
        Self::StoppingEv,
        Self::Finished,
        Self::FaultAuto,
        Self::FaultLatched,
    ];

    /// What the state means.
    pub const fn meaning(self) -> Meaning {
        use Colour::{Blue, Green, Red, White};
        use OperatingState::{Failure, Finished, NormalOperation as Normal};
        let (name, text, colour, vehicle, charger) = match self {
            Self::Booting => ("booting", "starting", White, Normal, Normal),
            Self::Idle => ("idle", "ready", White, Normal, Normal),
            Self::WaitLimit => ("wait_limit", "waiting for a higher limit", Blue, Normal, Normal),
            Self::ReadyB2 => ("ready_b2", "waiting for the vehicle", Blue, Normal, Normal),
            Self::Charging => ("charging", "charging", Green, Normal, Normal),
            Self::ChargingNoFlow => {
                ("charging_no_flow", "vehicle is not drawing power", Blue, Normal, Normal)
            }
            Self::StoppingEv => ("stopping_ev", "stopping", Blue, Normal, Normal),
            Self::Finished => ("finished", "finished", Blue, Finished, Normal),
            Self::FaultAuto => ("fault_auto", "fault", Red, Failure, Failure),
            Self::FaultLatched => ("fault_latched", "fault, unplug", Red, Failure, Failure),
        };
        Meaning { name, text, colour, vehicle, charger }
    }

    /// The state that a fault leads to.
    pub const fn of_fault(fault: Fault) -> Self {
        if fault.is_latched() { Self::FaultLatched } else { Self::FaultAuto }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ch_308_every_state_has_a_row_of_its_own() {
        for (i, state) in ChargeState::ALL.into_iter().enumerate() {
            let meaning = state.meaning();
            let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            assert!(meaning.name.chars().all(is_word), "{}", meaning.name);
            assert!(!meaning.text.is_empty());
            let others = &ChargeState::ALL[i + 1..];
            assert!(others.iter().all(|other| other.meaning().name != meaning.name));
            assert!(others.iter().all(|other| *other != state));
        }
    }

    #[test]
    fn ch_308_red_is_for_faults_and_faults_are_failures() {
        for state in ChargeState::ALL {
            let meaning = state.meaning();
            let is_fault = matches!(state, ChargeState::FaultAuto | ChargeState::FaultLatched);
            assert_eq!(meaning.colour == Colour::Red, is_fault, "{state:?}");
            assert_eq!(meaning.charger == OperatingState::Failure, is_fault, "{state:?}");
        }
    }
}
