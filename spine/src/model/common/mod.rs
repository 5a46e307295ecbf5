//! CommonDataTypes: what every class builds on (RS, CommonDataTypes).

mod address;
mod currency;
mod energy;
mod function;
mod number;
mod scope;
mod text;
mod time;
mod types;
mod unit;

pub use address::{AddressDevice, DeviceAddress, EntityAddress, FeatureAddress};
pub use currency::Currency;
pub use energy::{CommodityType, EnergyDirection, EnergyMode};
pub use function::{
    FunctionName, FunctionProperty, PossibleOperations, PossibleOperationsClassifier,
};
pub use number::{NumberError, Rounding, ScaledNumber, ScaledNumberRange, ScaledNumberSet};
pub use scope::ScopeType;
pub use text::HexBinary;
pub use time::{
    AbsoluteOrRecurringTime, AbsoluteOrRelativeTime, Date, DateTime, DayOfWeek, DaysOfWeek,
    Duration, Month, Occurrence, RecurrenceInformation, RecurringInterval, Time, TimeError,
    TimePeriod, TimestampInterval, UtcTime,
};
pub use types::{DeviceType, EntityType, FeatureSpecificUsage, FeatureType, Role};
pub use unit::UnitOfMeasurement;
