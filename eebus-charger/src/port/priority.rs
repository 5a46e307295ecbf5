//! The port task goes before everything else, where the system permits that (CH-306).

use thread_priority::unix::{
    RealtimeThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy,
    thread_native_id,
};
use thread_priority::{ThreadPriority, ThreadPriorityValue};

/// Low among the real-time priorities, so that the kernel's own threads still come first.
const PRIORITY: u8 = 10;

/// Gives the calling thread `SCHED_FIFO`. Without the permission it stays an ordinary thread:
/// the limits are as safe, they may only take longer on a busy machine.
pub(super) fn raise() {
    let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
    let Ok(value) = ThreadPriorityValue::try_from(PRIORITY) else { return };
    let priority = ThreadPriority::Crossplatform(value);
    match set_thread_priority_and_policy(thread_native_id(), priority, policy) {
        Ok(()) => tracing::debug!("the port task runs with real-time priority"),
        Err(error) => tracing::debug!("the port task runs with ordinary priority: {error}"),
    }
}
