//! The laws of [`spine::testing::laws`] on random data of every function.

use eebus_json::any::Source;
use spine::model::Function;
use spine::testing::{arbitrary, laws};

/// So many values of each function.
const VALUES: u64 = 100;

/// Random octets: always the same for one seed, so that a failure comes again.
fn octets(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    // Sometimes few, so that there are small values as well.
    let length = 64 << (seed % 6);
    (0..length / 8).flat_map(|_| next()).collect()
}

fn for_all(law: laws::Law) {
    for (i, &function) in Function::LIST.iter().enumerate() {
        for n in 0..VALUES {
            law(function, &octets(1 + i as u64 * VALUES + n));
        }
    }
}

/// A test per law.
macro_rules! hold {
    ($($law:ident),* $(,)?) => {$(
        #[test]
        fn $law() {
            for_all(laws::$law);
        }
    )*};
}

hold!(
    what_is_written_is_read_back,
    what_is_written_is_read_by_replacement,
    the_order_of_elements_does_not_matter,
    any_command_is_carried_out_or_refused,
    a_full_notification_is_what_is_stored,
    merging_twice_is_merging_once,
    an_empty_part_changes_nothing,
    what_is_added_and_deleted_is_gone,
    what_is_selected_is_read_and_goes,
    a_peer_changes_nothing_that_is_the_servers,
    a_refused_write_changes_nothing,
);

#[test]
fn each_function_has_many_values_and_each_value_many_elements() {
    let (mut set, mut elements, mut values) = (0, 0, 0);
    for (i, &function) in Function::LIST.iter().enumerate() {
        for n in 0..VALUES {
            let octets = octets(1 + i as u64 * VALUES + n);
            let mut source = Source::new(&octets);
            arbitrary::payload(&mut source, function);
            let (of_value, of_all) = source.filled();
            set += of_value;
            elements += of_all;
            values += 1;
        }
    }
    let percent = 100 * set / elements;
    println!(
        "{values} values of {} functions: {percent} % of {elements} elements set",
        Function::LIST.len()
    );
    assert!(values >= 100 * Function::LIST.len());
    assert!(percent >= 30, "{percent} %");
}
