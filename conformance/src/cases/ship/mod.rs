//! EEBUS SHIP Test Specification 1.0.0.

mod data;
mod hello;
mod opening;
mod protocol;
mod security;

use super::{Case, Procedure, procedures};

pub(super) const CASES: &[Procedure] = procedures![
    opening::tc_ship_conn_001,
    opening::tc_ship_role_001,
    opening::tc_ship_role_002,
    opening::tc_ship_role_003,
    security::tc_ship_sec_001,
    security::tc_ship_sec_002,
    data::tc_ship_msg_001,
    data::tc_ship_msg_002,
    data::tc_ship_msg_003,
    opening::tc_ship_cmi_001,
    opening::tc_ship_cmi_002,
    opening::tc_ship_cmi_003,
    opening::tc_ship_cmi_004,
    opening::tc_ship_cmi_005,
    opening::tc_ship_cmi_006,
    hello::tc_ship_hello_001,
    hello::tc_ship_hello_002,
    hello::tc_ship_hello_003,
    hello::tc_ship_hello_004,
    protocol::tc_ship_prot_001,
    protocol::tc_ship_prot_002,
    protocol::tc_ship_prot_003,
    protocol::tc_ship_prot_004,
    protocol::tc_ship_prot_005,
    protocol::tc_ship_prot_006,
    protocol::tc_ship_pin_001,
    security::tc_ship_term_001,
    data::tc_ship_am_001,
    data::tc_ship_amdata_001,
    data::tc_ship_amdata_002,
    data::tc_ship_amdata_003,
];
