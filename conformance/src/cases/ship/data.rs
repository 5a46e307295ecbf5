//! The data phase: odd messages, access methods, SPINE beside them (SHIP 1.1.0 §13.4.2, §13.4.6).

use core::time::Duration;

use tokio::time::Instant;

use super::Case;
use crate::cases::spine::DISCOVERY;
use crate::tester::link::Arrival;
use crate::tester::ship::{ACCESS_METHODS_REQUEST, ANSWER, PIN_NONE, Ship, access_methods};
use crate::tester::spine::{Holds, Spine, node_management};
use crate::tester::tool::Tool;
use crate::tester::wire::View;
use crate::tester::{Step, Stop, fail, require};

const USE_CASES: &str = "nodeManagementUseCaseData";

/// The device closes, or ignores the message and still answers afterwards.
async fn closes_or_ignores(cx: &mut Case, octets: &[u8]) -> Step {
    let mut ship = cx.connect().await?.up_to_data().await?;
    ship.link.send(octets).await;
    let until = Instant::now() + Duration::from_secs(3);
    loop {
        match ship.link.next(until).await {
            Arrival::Closed(_) => return Ok(()),
            Arrival::Nothing => break,
            // Its own traffic goes on; in this case the tool answers nothing of it.
            Arrival::Message(_) => {}
        }
    }
    ship.send(ACCESS_METHODS_REQUEST).await;
    ship.expect_between("accessMethods", ANSWER, false).await.map(drop)
}

pub(super) async fn tc_ship_msg_001(cx: &mut Case) -> Step {
    closes_or_ignores(cx, &[2]).await
}

pub(super) async fn tc_ship_msg_002(cx: &mut Case) -> Step {
    closes_or_ignores(cx, &[0xff, 0]).await
}

pub(super) async fn tc_ship_msg_003(cx: &mut Case) -> Step {
    let mut ship = cx.connect().await?.up_to_data().await?;
    ship.send(" \t\r\n{ \t\r\n\"accessMethodsRequest\" \t\r\n: \t\r\n[ \t\r\n] \t\r\n} \t\r\n")
        .await;
    ship.expect_between("accessMethods", ANSWER, true).await.map(drop)
}

pub(super) async fn tc_ship_am_001(cx: &mut Case) -> Step {
    let ship_id = cx.sheet().ship_id.clone();
    let mut ship = cx.connect().await?.up_to_data().await?;
    ship.send(ACCESS_METHODS_REQUEST).await;
    let methods = ship.expect_between("accessMethods", ANSWER, true).await?;
    match (View(&methods).text("id"), ship_id) {
        (None, _) => fail(format!("accessMethods without id: {}", View(&methods))),
        (Some(id), Some(expected)) => require(id == expected, format!("{id} is {expected}")),
        (Some(id), None) => {
            cx.remark(format!("id {id}; compare it with the announcement"));
            Ok(())
        }
    }
}

/// Two reads around an access methods request, sent at once.
async fn three_at_once(spine: &mut Spine) -> [u64; 2] {
    spine.count_from(4711);
    let first = spine.ask(node_management(), node_management(), DISCOVERY).await;
    spine.ship.send(ACCESS_METHODS_REQUEST).await;
    let second = spine.ask(node_management(), node_management(), USE_CASES).await;
    [first, second]
}

fn require_all_answers(spine: &Spine, [first, second]: [u64; 2]) -> Step {
    let has_reply = |counter, function| {
        spine.log().iter().any(|d| d.reference == Some(counter) && d.is("reply", function))
    };
    require(has_reply(first, DISCOVERY), "the discovery is answered in time")?;
    require(has_reply(second, USE_CASES), "the use cases are answered in time")?;
    let has_methods = spine.controls().iter().any(|(name, _)| name == "accessMethods");
    require(has_methods, "the access methods are answered in time")
}

pub(super) async fn tc_ship_amdata_001(cx: &mut Case) -> Step {
    let mut spine = cx.fresh_data(Tool::energy_manager("d:_n:Test_Tool")).await?;
    let asked = three_at_once(&mut spine).await;
    spine.watch(ANSWER).await?;
    require_all_answers(&spine, asked)
}

pub(super) async fn tc_ship_amdata_002(cx: &mut Case) -> Step {
    if !cx.sheet().queries_access_methods {
        return Err(Stop::NotApplicable("PAR_queryAccessMethods is no".to_owned()));
    }
    let mut ship: Ship = cx.connect().await?.up_to_pin().await?;
    ship.send(PIN_NONE).await;
    ship.expect("connectionPinState").await?;
    // SPINE may come before it.
    ship.expect_between("accessMethodsRequest", ANSWER, false).await?;
    let mut spine = Spine::new(ship, Tool::energy_manager("d:_n:Test_Tool"));
    spine.holds = Holds::Everything;
    let asked = three_at_once(&mut spine).await;
    spine.watch(Duration::from_secs(8)).await?;
    spine.ship.send(&access_methods()).await;
    spine.watch(Duration::from_secs(2)).await?;
    require_all_answers(&spine, asked)
}

pub(super) async fn tc_ship_amdata_003(cx: &mut Case) -> Step {
    if !cx.sheet().discovers {
        return Err(Stop::NotApplicable("PAR_clientDetailedDiscoverySupported is no".to_owned()));
    }
    let mut spine = cx.fresh_data(Tool::energy_manager("d:_n:Test_Tool")).await?;
    spine.holds = Holds::Spine;
    let read = spine.expect(0, ANSWER, "a discovery read", |d| d.is("read", DISCOVERY)).await?;
    spine.ship.send(ACCESS_METHODS_REQUEST).await;
    let until = Instant::now() + Duration::from_secs(8);
    while !spine.controls().iter().any(|(name, _)| name == "accessMethods") {
        if Instant::now() >= until {
            return fail("accessMethods did not come in 8 s");
        }
        spine.watch(Duration::from_millis(100)).await?;
    }
    spine.holds = Holds::Nothing;
    spine.answer(&read).await;
    spine.watch(Duration::from_secs(1)).await
}
