// The laws of the restricted function exchange, on data and commands of any function. The fuzz
// target calls this, and so does the test that replays its corpus.

use spine::model::Function;
use spine::testing::laws::EXCHANGE;

/// The first octet says which function, the second which law.
pub(crate) fn holds(octets: &[u8]) {
    let [function, law, rest @ ..] = octets else { return };
    let function = Function::LIST[usize::from(*function) % Function::LIST.len()];
    EXCHANGE[usize::from(*law) % EXCHANGE.len()](function, rest);
}
