//! A flood of requests does not reach the port task (CH-306, CH-676).

use std::time::Duration;

use super::SECONDS;
use crate::watched::{Charger, flood};

/// The most that the port task may be late.
const GOAL: Duration = Duration::from_millis(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ch_676_a_thousand_requests_a_second_do_not_delay_the_port_task() {
    let charger = Charger::start();
    tokio::time::sleep(SECONDS(1)).await;
    let calm = charger.lateness();
    let answered = flood(&charger.web, 1000, SECONDS(3)).await;
    let late = charger.lateness();
    let most = |late: &[Duration]| late.last().copied().unwrap_or_default();
    println!("{answered} answers, {} turns of the port task", late.len());
    println!("late by {:?} at most, {:?} before the flood", most(&late), most(&calm));
    assert!(late.len() > 100, "{} turns", late.len());
    // A virtual machine stands still for a moment now and then, flood or not: one turn of a
    // hundred may be later. The benchmark has none.
    let usual = &late[..late.len() * 99 / 100];
    assert!(most(usual) < GOAL, "{:?}", &late[late.len() - 5..]);
    assert_eq!(charger.charger.status().state.meaning().name, "charging");
}
