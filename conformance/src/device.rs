//! What only the device under test can do, and what only a look at it can tell.

use core::fmt;
use core::time::Duration;
use std::process::Stdio;

use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::time::timeout;

use crate::tester::identity::Ski;
use crate::tester::{Step, Stop, fail};

/// Something that a case asks of the device or of the person beside it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Action {
    /// Trust this key.
    Trust(Ski),
    /// Remove this key from the trusted ones, and end what is connected with it.
    Untrust(Ski),
    /// A car is plugged in.
    Plug,
    /// The car is unplugged.
    Unplug,
    /// An energy manager allocates so much to the phases of its car, in milliamperes.
    Limit([u32; 3]),
}

/// The command line of a hook: `trust 0123...`, `plug`.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trust(ski) => write!(f, "trust {ski}"),
            Self::Untrust(ski) => write!(f, "untrust {ski}"),
            Self::Plug => f.write_str("plug"),
            Self::Unplug => f.write_str("unplug"),
            Self::Limit([a, b, c]) => write!(f, "limit {a} {b} {c}"),
        }
    }
}

/// Something that a case wants to know and that no message tells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Look {
    /// The current that the pilot offers on each phase, 0 while paused.
    Offered,
    /// The current that the car draws on each phase.
    Drawn,
    /// What an energy manager takes for the current of its car on each phase.
    Measured,
}

/// The command line of a hook: `offered`, `drawn`.
impl fmt::Display for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Offered => "offered",
            Self::Drawn => "drawn",
            Self::Measured => "measured",
        })
    }
}

/// How long a hook may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The hands at a device on the network: a command that is run for each action.
///
/// It gets the action as its arguments. For a [`Look`] it prints the current of each phase in
/// milliamperes, separated by spaces. Its exit code 3 says that the device cannot do this.
#[derive(Clone, Debug, Default)]
pub struct Hook(Option<String>);

impl Hook {
    /// Runs a command; without one every action is more than the device can do.
    pub const fn new(command: Option<String>) -> Self {
        Self(command)
    }

    /// Does it.
    ///
    /// # Errors
    ///
    /// [`Stop::NotApplicable`] if there is no hook for it; [`Stop::Failed`] if the hook failed.
    pub async fn act(&self, action: &Action) -> Step {
        self.run(&action.to_string()).await.map(drop)
    }

    /// Finds out.
    ///
    /// # Errors
    ///
    /// As [`act`](Self::act), and if the answer is no list of numbers.
    pub async fn look(&self, look: Look) -> Step<Vec<u32>> {
        let answer = self.run(&look.to_string()).await?;
        let numbers: Result<_, _> = answer.split_whitespace().map(str::parse).collect();
        numbers.or_else(|_| fail(format!("the hook answers {look} with {answer:?}")))
    }

    async fn run(&self, action: &str) -> Step<String> {
        let Some(command) = &self.0 else {
            return Err(Stop::NotApplicable(format!("needs a hook for \"{action}\"")));
        };
        let mut child = Command::new("sh")
            .args(["-c", &format!("{command} {action}")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .or_else(|error| fail(format!("the hook does not start: {error}")))?;
        let mut output = child.stdout.take().expect("it is piped").take(4096);
        let mut answer = String::new();
        let status = timeout(PATIENCE, async {
            let _ = output.read_to_string(&mut answer).await;
            child.wait().await
        })
        .await;
        match status.map(|status| status.map(|status| status.code())) {
            Ok(Ok(Some(0))) => Ok(answer),
            Ok(Ok(Some(3))) => {
                Err(Stop::NotApplicable(format!("the device has no way to \"{action}\"")))
            }
            Ok(Ok(code)) => fail(format!("the hook for \"{action}\" ended with {code:?}")),
            Ok(Err(error)) => fail(format!("the hook for \"{action}\" failed: {error}")),
            Err(_) => fail(format!("the hook for \"{action}\" took more than {PATIENCE:?}")),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hook_is_a_command_line() {
        let hook = Hook::new(Some("echo 6000 0 0; :".to_owned()));
        assert_eq!(hook.look(Look::Offered).await, Ok(vec![6000, 0, 0]));
        assert_eq!(hook.act(&Action::Plug).await, Ok(()));
        let hook = Hook::new(Some("exit 3 #".to_owned()));
        assert!(matches!(hook.act(&Action::Plug).await, Err(Stop::NotApplicable(_))));
        let hook = Hook::new(Some("false".to_owned()));
        assert!(matches!(hook.act(&Action::Unplug).await, Err(Stop::Failed(_))));
        let none = Hook::default().act(&Action::Plug).await;
        assert!(matches!(none, Err(Stop::NotApplicable(_))));
    }
}
