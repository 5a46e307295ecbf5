//! SmartEnergyManagementPs: power sequences and everything about them in one value
//! (RS 4.3.24).
//!
//! Groups of alternatives contain sequences, which contain time slots, which contain values. The
//! parts are those of PowerSequences and OperatingConstraints: a part within a sequence leaves out
//! `sequence_id`, which stands in the description, and times are durations.

use alloc::vec::Vec;

use eebus_json::Record;

use super::{
    OperatingConstraintsDurationData, OperatingConstraintsInterruptData,
    OperatingConstraintsResumeImplicationData, PowerSequenceAlternativesRelationData,
    PowerSequenceDescriptionData, PowerSequenceNodeScheduleInformationData,
    PowerSequencePriceCalculationRequestCall, PowerSequencePriceData,
    PowerSequenceScheduleConfigurationRequestCall, PowerSequenceScheduleConstraintsData,
    PowerSequenceScheduleData, PowerSequenceSchedulePreferenceData, PowerSequenceStateData,
    PowerTimeSlotScheduleConstraintsData, PowerTimeSlotScheduleData, PowerTimeSlotValueData,
};

/// A group of sequences of which one is run.
#[derive(Clone, Default, PartialEq, Record)]
pub struct SmartEnergyManagementPsAlternatives {
    /// Only the group's identifier.
    pub relation: Option<PowerSequenceAlternativesRelationData>,
    pub power_sequence: Vec<SmartEnergyManagementPsPowerSequence>,
}

/// One sequence.
#[derive(Clone, Default, PartialEq, Record)]
pub struct SmartEnergyManagementPsPowerSequence {
    pub description: Option<PowerSequenceDescriptionData>,
    pub state: Option<PowerSequenceStateData>,
    pub schedule: Option<PowerSequenceScheduleData>,
    pub schedule_constraints: Option<PowerSequenceScheduleConstraintsData>,
    pub schedule_preference: Option<PowerSequenceSchedulePreferenceData>,
    pub operating_constraints_interrupt: Option<OperatingConstraintsInterruptData>,
    pub operating_constraints_duration: Option<OperatingConstraintsDurationData>,
    pub operating_constraints_resume_implication: Option<OperatingConstraintsResumeImplicationData>,
    pub power_time_slot: Vec<SmartEnergyManagementPsPowerTimeSlot>,
}

/// One slot of a sequence.
#[derive(Clone, Default, PartialEq, Record)]
pub struct SmartEnergyManagementPsPowerTimeSlot {
    pub schedule: Option<PowerTimeSlotScheduleData>,
    pub value_list: Option<SmartEnergyManagementPsPowerTimeSlotValueList>,
    pub schedule_constraints: Option<PowerTimeSlotScheduleConstraintsData>,
}

/// The values of a slot.
#[derive(Clone, Default, PartialEq, Record)]
pub struct SmartEnergyManagementPsPowerTimeSlotValueList {
    pub value: Vec<PowerTimeSlotValueData>,
}

/// What a device plans, and how it may be changed. A peer writes parts of it only, and names them
/// by the identifiers.
#[derive(Clone, Default, PartialEq, Record)]
pub struct SmartEnergyManagementPsData {
    pub node_schedule_information: Option<PowerSequenceNodeScheduleInformationData>,
    pub alternatives: Vec<SmartEnergyManagementPsAlternatives>,
}

/// What the sequences would cost.
#[derive(Clone, Default, PartialEq, Record)]
pub struct SmartEnergyManagementPsPriceData {
    pub price: Vec<PowerSequencePriceData>,
}

/// Asks a device to offer a schedule.
#[derive(Clone, Default, PartialEq, Record)]
pub struct SmartEnergyManagementPsConfigurationRequestCall {
    pub schedule_configuration_request: Option<PowerSequenceScheduleConfigurationRequestCall>,
}

/// Asks what a sequence would cost.
#[derive(Clone, Default, PartialEq, Record)]
pub struct SmartEnergyManagementPsPriceCalculationRequestCall {
    pub price_calculation_request: Option<PowerSequencePriceCalculationRequestCall>,
}
