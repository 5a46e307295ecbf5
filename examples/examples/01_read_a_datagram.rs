//! A SPINE message is a datagram: a header that says who speaks to whom, and one command.
//!
//! Look at how little of the text is needed to know what to answer, and at how the second
//! message is read although no line of it is as the standard has it.

use eebus_json::Reader;
use spine::datagram::Datagram;

/// An energy manager limits the current of a car to 10 A.
const WRITE: &str = r#"{"datagram":[{"header":[{"specificationVersion":"1.3.0"},{"addressSource":[{"device":"d:_n:Example_Box"},{"entity":[1]},{"feature":6}]},{"addressDestination":[{"device":"d:_n:Example_Charger"},{"entity":[1,1]},{"feature":1}]},{"msgCounter":210},{"cmdClassifier":"write"},{"ackRequest":true}]},{"payload":[{"cmd":[[{"function":"loadControlLimitListData"},{"filter":[[{"cmdControl":[{"partial":[]}]}]]},{"loadControlLimitListData":[{"loadControlLimitData":[[{"limitId":1},{"isLimitActive":true},{"value":[{"number":10},{"scale":0}]}]]}]}]]}]}]}"#;

/// The same from a device that writes objects for arrays, numbers as text, and a zero at the end.
const ODD: &str = "{\"datagram\": {\"header\": {\"msgCounter\": \"210\", \"cmdClassifier\": \"write\"}, \"payload\": {\"cmd\": {\"function\": \"\", \"filter\": [{\"cmdControl\": {\"partial\": null}}], \"loadControlLimitListData\": {\"loadControlLimitData\": [{\"limitId\": 1.0, \"isLimitActive\": 1, \"value\": {\"number\": \"10\"}}]}}}}}\0";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for text in [WRITE, ODD] {
        // The header first: a payload that cannot be read is answered all the same.
        let reader = Reader::tolerant();
        let datagram = Datagram::read(&reader, text.as_bytes())?;
        println!("{:?}", datagram.header);

        let (commands, fault) = datagram.commands(&reader)?;
        assert!(fault.is_none());
        for cmd in commands.cmd {
            println!("{:?}", cmd.data);
        }
        println!();
    }

    // A strict reader says where the standard is broken, and how.
    let error = Datagram::read(&Reader::strict(), ODD.trim_end_matches('\0').as_bytes());
    println!("strictly: {}", error.expect_err("nothing about it is as it should be"));
    Ok(())
}
