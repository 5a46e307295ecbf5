//! A reference EV charger that speaks EEBUS.
