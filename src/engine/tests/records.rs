//! The three kinds of record, to the byte where subscribers rely on it.

use super::*;

fn value_of(shop: &Shop, topic: Topic, number: usize) -> String {
    let record = shop
        .out
        .records()
        .filter(|r| r.topic == topic)
        .nth(number)
        .unwrap();
    String::from_utf8(record.value.to_vec()).unwrap()
}

#[test]
fn records_smoke() {
    let mut shop = Shop::new();
    shop.feed_all(&[
        identified(0),
        order(HOUR, "o-1", usd(5720)),
        added(2 * HOUR, "p-1", 2),
    ])
    .until(4 * HOUR);
    for record in shop.out.records() {
        println!(
            "{:?} {} {}",
            record.topic,
            record.id,
            String::from_utf8_lossy(record.value)
        );
    }
}
