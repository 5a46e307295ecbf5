//! Counters, references and acknowledgements (SPINE 1.3.0, 5.2).

use core::time::Duration;

use super::{Case, DISCOVERY, SILENT, discovery_read, established, its_discovery_read, tool};
use crate::tester::spine::{ANSWER, Holds, Outgoing, Spine, node_management};
use crate::tester::{Step, Stop, fail, require};

pub(super) async fn tc_spine_data_001(cx: &mut Case) -> Step {
    let mut spine = established(cx).await?;
    let mark = spine.mark();
    let mut asked = Vec::new();
    for _ in 0..20 {
        asked.push(spine.send(discovery_read()).await);
    }
    for counter in asked {
        spine.expect_reply(counter, DISCOVERY).await?;
    }
    let counters: Vec<_> = spine.log()[mark..].iter().map(|datagram| datagram.counter).collect();
    require(counters.is_sorted_by(|a, b| a < b), format!("{counters:?} ascend"))
}

/// Reads the discovery under each of these counters; every reply refers to its read.
async fn read_under(spine: &mut Spine, counters: impl IntoIterator<Item = u64>) -> Step {
    for counter in counters {
        spine.count_from(counter);
        let sent = spine.send(discovery_read()).await;
        spine.expect_reply(sent, DISCOVERY).await?;
    }
    Ok(())
}

/// A connection on which the answers of the tool do not disturb the order of its counters.
async fn quiet(cx: &mut Case) -> Step<Spine> {
    let mut spine = cx.fresh_data(tool()).await?;
    spine.holds = Holds::Spine;
    Ok(spine)
}

pub(super) async fn tc_spine_data_002(cx: &mut Case) -> Step {
    let mut spine = quiet(cx).await?;
    read_under(&mut spine, [21012, 123_321]).await
}

pub(super) async fn tc_spine_data_003(cx: &mut Case) -> Step {
    let mut spine = quiet(cx).await?;
    read_under(&mut spine, [123_456, 1000, 2000]).await
}

pub(super) async fn tc_spine_data_004(cx: &mut Case) -> Step {
    let mut spine = quiet(cx).await?;
    let counters = (0..20).map(|i| 88_777 + 200 * i);
    read_under(&mut spine, counters.clone()).await?;
    spine.watch(Duration::from_secs(1)).await?;
    for counter in counters {
        let replies = spine.log().iter().filter(|d| d.reference == Some(counter)).count();
        require(replies == 1, format!("{replies} answers to {counter}"))?;
    }
    Ok(())
}

pub(super) async fn tc_spine_data_005(cx: &mut Case) -> Step {
    if !cx.sheet().subscribes {
        return Err(Stop::NotApplicable("PAR_clientSubscriptionSupported is no".to_owned()));
    }
    let mut spine = established(cx).await?;
    let call = "nodeManagementSubscriptionRequestCall";
    spine
        .expect(0, ANSWER, "a subscription of the tool's NodeManagement", |d| {
            d.is("call", call)
                && d.data().at("subscriptionRequest.serverAddress").is_some_and(|server| {
                    server.number("feature") == Some(0)
                        && server.list("entity").map(|e| e.0.as_u64()).eq([Some(0)])
                })
        })
        .await?;
    let device = spine.tool.device.clone();
    let cmd = format!(
        r#"{{"function":"{DISCOVERY}"}},{{"filter":[[{{"cmdControl":[{{"partial":[]}}]}}]]}},{{"{DISCOVERY}":[{{"entityInformation":[[{{"description":[{{"entityAddress":[{{"device":"{device}"}},{{"entity":[0]}}]}},{{"lastStateChange":"modified"}}]}}]]}}]}}"#
    );
    let Some(counter) = spine.notify(&node_management(), &cmd, Some(true)).await else {
        return fail("nobody subscribed");
    };
    match spine.expect_result(counter).await? {
        0 => Ok(()),
        number => fail(format!("a valid notify was answered with {number}")),
    }
}

/// Nothing may refer to this message.
async fn expect_no_answer(spine: &mut Spine, counter: u64) -> Step {
    spine.watch(SILENT).await?;
    match spine.log().iter().find(|d| d.reference == Some(counter)) {
        Some(answer) => fail(format!("{counter} was answered: {answer}")),
        None => Ok(()),
    }
}

const NO_ERROR: &str = r#"{"resultData":[{"errorNumber":0}]}"#;

pub(super) async fn tc_spine_data_006(cx: &mut Case) -> Step {
    let mut spine = established(cx).await?;
    let reply = spine.read_node(DISCOVERY).await?;
    let counter = spine.respond(&reply, "result", Some(true), NO_ERROR.to_owned()).await;
    expect_no_answer(&mut spine, counter).await
}

pub(super) async fn tc_spine_data_007(cx: &mut Case) -> Step {
    let mut spine = established(cx).await?;
    for ack in [false, true] {
        let counter = spine.send(Outgoing { ack: Some(ack), ..discovery_read() }).await;
        spine.watch(SILENT).await?;
        let answers: Vec<_> = spine.log().iter().filter(|d| d.reference == Some(counter)).collect();
        match answers[..] {
            [reply] if reply.is("reply", DISCOVERY) => {}
            [] => return fail("no reply came"),
            _ => {
                let all = answers.iter().map(|d| format!("{} {}", d.classifier, d.function));
                let all = all.collect::<Vec<_>>().join(", ");
                return fail(format!("expected one reply (ackRequest {ack}), got: {all}"));
            }
        }
    }
    Ok(())
}

pub(super) async fn tc_spine_data_008(cx: &mut Case) -> Step {
    let mut spine = cx.fresh_data(tool()).await?;
    spine.holds = Holds::ReadsOf(DISCOVERY);
    let read = its_discovery_read(cx, &mut spine).await?;
    let counter = spine.respond(&read, "result", Some(true), NO_ERROR.to_owned()).await;
    spine.pass(SILENT).await;
    match spine.log().iter().find(|d| d.reference == Some(counter)) {
        Some(answer) => fail(format!("a result was answered: {answer}")),
        None => Ok(()),
    }
}
