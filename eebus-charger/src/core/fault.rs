//! What can be wrong, and how it ends (charger.md 5.6).

/// A fault of charger or car that stops the charging.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// F14: the car asks for ventilation, which this charger does not have (CH-309).
    VentilationRequired,
    /// F15: the car or its cable shorts the pilot.
    EvErrorState,
    /// F19: the controller board does not answer, so that nobody knows the limit it applies.
    BoardCommLost,
}

impl Fault {
    /// The stable code, `F14`.
    pub const fn code(self) -> &'static str {
        self.row().0
    }

    /// The name of the catalogue, `ventilation_required`.
    pub const fn name(self) -> &'static str {
        self.row().1
    }

    /// One phrase for people and for the EEBUS diagnosis.
    pub const fn text(self) -> &'static str {
        self.row().2
    }

    /// Whether the fault stays until the car is unplugged; otherwise it ends with its cause.
    pub const fn is_latched(self) -> bool {
        match self {
            Self::VentilationRequired | Self::EvErrorState => true,
            Self::BoardCommLost => false,
        }
    }

    const fn row(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::VentilationRequired => {
                ("F14", "ventilation_required", "the vehicle asks for ventilation")
            }
            Self::EvErrorState => {
                ("F15", "ev_error_state", "the vehicle signals an error on the pilot")
            }
            Self::BoardCommLost => ("F19", "board_comm_lost", "the controller board is silent"),
        }
    }
}
