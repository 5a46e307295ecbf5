//! EEBUS SPINE Test Specification 1.0.0.

mod compatibility;
mod datagrams;
mod node_management;

use core::time::Duration;

use super::{Case, Procedure, procedures};
use crate::tester::spine::{Datagram, Outgoing, Spine, node_management};
use crate::tester::tool::Tool;
use crate::tester::{Step, Stop};

pub(super) const CASES: &[Procedure] = procedures![
    compatibility::tc_spine_comp_001,
    compatibility::tc_spine_comp_002,
    compatibility::tc_spine_comp_003,
    compatibility::tc_spine_comp_004,
    compatibility::tc_spine_comp_005,
    compatibility::tc_spine_comp_006,
    datagrams::tc_spine_data_001,
    datagrams::tc_spine_data_002,
    datagrams::tc_spine_data_003,
    datagrams::tc_spine_data_004,
    datagrams::tc_spine_data_005,
    datagrams::tc_spine_data_006,
    datagrams::tc_spine_data_007,
    datagrams::tc_spine_data_008,
    node_management::tc_spine_fc_001,
    node_management::tc_spine_ddisc_001,
    node_management::tc_spine_ddisc_002,
    node_management::tc_spine_bind_001,
    node_management::tc_spine_subs_001,
    node_management::tc_spine_subs_002,
];

pub(super) const DISCOVERY: &str = "nodeManagementDetailedDiscoveryData";
const USE_CASES: &str = "nodeManagementUseCaseData";

/// How long the tool watches for an answer that must not come.
const SILENT: Duration = Duration::from_secs(12);
/// How long the device may take to read the discovery of a new peer.
const STARTING: Duration = Duration::from_secs(30);

fn tool() -> Tool {
    Tool::energy_manager("d:_n:Test_Tool")
}

/// `PRE_SPINE_ConnectionEstablished`: the device's start-up traffic is served, its address known.
async fn established(cx: &mut Case) -> Step<Spine> {
    let mut spine = cx.fresh_data(tool()).await?;
    spine.read_node(DISCOVERY).await?;
    spine.watch(Duration::from_secs(6)).await?;
    Ok(spine)
}

/// A read of the device's detailed discovery.
fn discovery_read() -> Outgoing {
    Outgoing {
        source: node_management(),
        destination: node_management(),
        classifier: "read",
        reference: None,
        ack: None,
        cmd: format!(r#"{{"{DISCOVERY}":[]}}"#),
    }
}

/// The device's own read of the tool's discovery.
async fn its_discovery_read(cx: &Case, spine: &mut Spine) -> Step<Datagram> {
    if !cx.sheet().discovers {
        return Err(Stop::NotApplicable("PAR_clientDetailedDiscoverySupported is no".to_owned()));
    }
    spine.expect(0, STARTING, "a discovery read", |d| d.is("read", DISCOVERY)).await
}
