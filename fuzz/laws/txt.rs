// What holds for any TXT record. The fuzz target calls this, and so does the test that replays its
// corpus.

use ship::discovery::Txt;

/// A TXT record is read or refused; and nothing that was read is more than people or a request
/// bear.
pub(crate) fn holds(octets: &[u8]) {
    let Ok(txt) = Txt::read(octets) else { return };
    assert!(txt.path.starts_with('/') && txt.path.len() <= 129, "{txt:?}");
    assert!(txt.path.bytes().all(|octet| octet.is_ascii_graphic()), "{txt:?}");
    assert!(txt.ship_id.as_ref().is_none_or(|id| (1..=63).contains(&id.len())), "{txt:?}");
    assert!(txt.categories.len() <= 16, "{txt:?}");
    for text in [&txt.ship_id, &txt.brand, &txt.device_type, &txt.model, &txt.serial] {
        let text = text.as_deref().unwrap_or("x");
        let count = text.chars().count();
        assert!((1..=64).contains(&count) && !text.contains(char::is_control), "{txt:?}");
    }
    // What is read is written so that it is read again as the same, whatever the order.
    let ski = txt.ski.to_string();
    let categories: Vec<String> = txt.categories.iter().map(u32::to_string).collect();
    let text = |text: &Option<Box<str>>| text.clone().unwrap_or_default().into_string();
    let pairs = [
        ("cat", categories.join(",")),
        ("serial", text(&txt.serial)),
        ("model", text(&txt.model)),
        ("type", text(&txt.device_type)),
        ("brand", text(&txt.brand)),
        ("ecc", txt.ecc.to_string()),
        ("register", txt.register.to_string()),
        ("ski", ski),
        ("path", txt.path.to_string()),
        ("id", text(&txt.ship_id)),
        ("txtvers", "1".to_string()),
    ];
    let again = Txt::of_pairs(pairs.iter().map(|(key, value)| (*key, value.as_bytes())));
    // A path that just fits has grown by its slash.
    assert!(again.as_ref() == Ok(&txt) || txt.path.len() > 128, "{again:?} of {txt:?}");
}
