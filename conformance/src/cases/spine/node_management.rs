//! Discovery and the two relations (SPINE 1.3.0, 7).

use core::time::Duration;

use super::{Case, DISCOVERY, established, its_discovery_read, tool};
use crate::tester::spine::{Datagram, Holds, Outgoing, Relation, Spine, at, node_management};
use crate::tester::wire::View;
use crate::tester::{Step, Stop, fail, require};

const SUBSCRIPTIONS: &str = "nodeManagementSubscriptionData";
const BINDINGS: &str = "nodeManagementBindingData";

fn is_node_management(address: Option<View<'_>>) -> bool {
    address.is_some_and(|address| {
        address.number("feature") == Some(0)
            && address.list("entity").map(|item| item.0.as_u64()).eq([Some(0)])
    })
}

/// Whether a table has an entry between the two NodeManagements in which the tool is the client.
fn has_entry(table: &Datagram, list: &str, spine: &Spine) -> bool {
    table.data().list(list).any(|entry| {
        let client = entry.at("clientAddress");
        let is_ours = client
            .and_then(|client| client.text("device"))
            .is_none_or(|device| device == spine.tool.device);
        is_ours && is_node_management(client) && is_node_management(entry.at("serverAddress"))
    })
}

pub(super) async fn tc_spine_fc_001(cx: &mut Case) -> Step {
    let mut spine = established(cx).await?;
    let cmd =
        spine.relation_cmd(Relation::Subscription, &node_management(), &node_management(), None);
    let counter = spine
        .send(Outgoing {
            source: node_management(),
            destination: at(&[1], 0),
            classifier: "call",
            reference: None,
            ack: None,
            cmd,
        })
        .await;
    require(spine.expect_result(counter).await? > 0, "a call beside [0]/0 is refused")?;
    let table = spine.read_node(SUBSCRIPTIONS).await?;
    require(!has_entry(&table, "subscriptionEntry", &spine), "no subscription came of it")
}

pub(super) async fn tc_spine_ddisc_001(cx: &mut Case) -> Step {
    let mut spine = cx.fresh_data(tool()).await?;
    let read = its_discovery_read(cx, &mut spine).await?;
    require(read.destination == node_management(), "the read goes to [0]/0")?;
    let source = read.header().text("addressSource.device");
    require(source.is_some(), format!("the source device is named: {}", read.header()))?;
    let taken = read.at.duration_since(spine.ship.link.opened());
    if taken > Duration::from_secs(2) {
        cx.remark(format!("the read came {taken:?} after TLS"));
    }
    Ok(())
}

pub(super) async fn tc_spine_ddisc_002(cx: &mut Case) -> Step {
    if !cx.sheet().has_initial_timeout {
        return Err(Stop::NotApplicable("PAR_initialTimeoutSupported is no".to_owned()));
    }
    let mut spine = cx.fresh_data(tool()).await?;
    spine.holds = Holds::Spine;
    spine.pass(Duration::from_secs(32)).await;
    let reads = spine.log().iter().filter(|d| d.is("read", DISCOVERY)).count();
    require(
        spine.is_closed() || reads > 1,
        format!("closed or tried again within 32 s ({reads} discovery reads)"),
    )
}

pub(super) async fn tc_spine_bind_001(cx: &mut Case) -> Step {
    let mut spine = established(cx).await?;
    let number =
        spine.relate(Relation::Binding, &node_management(), &node_management(), None).await?;
    require(number > 0, "a binding to NodeManagement is refused")?;
    if number != 7 {
        cx.remark(format!("refuses it with {number}, 7 says what it is"));
    }
    let table = spine.read_node(BINDINGS).await?;
    let is_bound =
        table.data().list("bindingEntry").any(|e| is_node_management(e.at("serverAddress")));
    require(!is_bound, format!("no such binding exists: {}", table.data()))
}

/// `PRE_SPINE_SubscriptionEstablished`, the other way round: the tool subscribes.
async fn subscribe(spine: &mut Spine) -> Step {
    let number =
        spine.relate(Relation::Subscription, &node_management(), &node_management(), None).await?;
    if number == 0 { Ok(()) } else { fail(format!("the subscription was refused with {number}")) }
}

pub(super) async fn tc_spine_subs_001(cx: &mut Case) -> Step {
    let mut spine = established(cx).await?;
    subscribe(&mut spine).await?;
    let table = spine.read_node(SUBSCRIPTIONS).await?;
    let is_there = has_entry(&table, "subscriptionEntry", &spine);
    require(is_there, format!("the table has the entry: {}", table.data()))
}

pub(super) async fn tc_spine_subs_002(cx: &mut Case) -> Step {
    let mut spine = established(cx).await?;
    subscribe(&mut spine).await?;
    let cmd = spine.deletion_cmd(Relation::Subscription, &node_management(), &node_management());
    let counter = spine.call(cmd.clone()).await;
    require(spine.expect_result(counter).await? == 0, "the deletion is confirmed")?;
    let counter = spine.call(cmd).await;
    let again = spine.expect_result(counter).await?;
    if again != 0 {
        cx.remark(format!("answers the repeated deletion with {again}"));
    }
    let table = spine.read_node(SUBSCRIPTIONS).await?;
    let is_gone = !has_entry(&table, "subscriptionEntry", &spine);
    require(is_gone, format!("the entry is gone: {}", table.data()))?;
    let entries = table.data().at("subscriptionEntry");
    require(
        entries.is_none_or(|entries| entries.items().next().is_some()),
        "a table without entries has no list",
    )
}
