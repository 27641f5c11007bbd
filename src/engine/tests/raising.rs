//! Rows become such as keep what a score adds to the cells: everybody is counted, whether or not they ever do anything again.

use std::collections::BTreeSet;

use super::cells::{cost, flushed, from, named, of, stored};
use super::*;

#[test]
fn rows_of_an_older_version_keep_no_cells_and_once_raised_everybody_is_counted_without_an_event() {
    let mut shop = Shop::new();
    let empty = Slot::new(3, Arc::new(settings()), Arc::clone(&shop.committed));
    shop.slot = empty.with_row_version(RowVersion::from_number(2).unwrap());
    shop.feed(&from(order(0, "a", usd(5000)), "email"));
    shop.feed(&of("u-2", order(HOUR, "b", usd(700))));
    shop.feed(&of("u-3", order(HOUR, "c", money(900, "EUR"))));
    shop.feed(&cost(1, Identity::Nobody, "k", CostKind::Acquire, usd(1)));
    shop.feed(&of("u-5", identified(HOUR)));
    assert_eq!((flushed(&mut shop), stored(&mut shop).len()), (vec![], 0));
    shop.commit();
    let former = shop.slot.model_version().to_owned();

    assert!(shop.slot.raise_row_version(RowVersion::NEWEST));
    // new in this transaction, behind the raise and before everybody is scored
    shop.feed(&of("u-4", order(2 * HOUR, "d", usd(800))));
    assert_eq!(shop.slot.rescore(usize::MAX, &mut shop.out), Progress::More, "not in the transaction of the raise");
    shop.slot.discard();
    assert!(!shop.slot.is_rescoring() && shop.slot.row_version() < RowVersion::NEWEST, "who is discarded was never told");
    shop.slot.raise_row_version(RowVersion::NEWEST);
    shop.commit();
    assert!(shop.slot.is_rescoring());
    assert_eq!(shop.slot.model_version(), former, "the history names it until a piece is done");
    shop.out.clear();
    assert_eq!(shop.slot.rescore(1, &mut shop.out), Progress::More);
    assert_eq!(shop.slot.model_version(), "");
    assert_eq!(shop.slot.rescore(usize::MAX, &mut shop.out), Progress::Done);
    assert!(shop.slot.model_version().starts_with(&former) && shop.slot.model_version() != former);

    let told = shop.written(Topic::Clv);
    assert_eq!(told.iter().map(|record| text(record, "customer_id")).collect::<BTreeSet<_>>(), ["u-1", "u-2", "u-3"].into());
    let sum = |code: &str| -> i64 {
        let own = told.iter().filter(|record| record["primary_currency"] == code);
        own.map(|record| record["future"]["expected_value"]["minor"].as_i64().unwrap()).sum()
    };
    let (equity_usd, equity_eur) = (sum("USD"), sum("EUR"));
    let cells = flushed(&mut shop);
    let equity = [("customer_equity|currency=EUR|all", equity_eur), ("customer_equity|currency=USD|all", equity_usd)];
    assert_eq!(named(&cells, "customer_equity"), equity);
    assert_eq!(named(&cells, "customers_in"), [("customers_in_stage|stage=first_time|all", 3), ("customers_in_stage|stage=lead|all", 1)]);
    assert_eq!(named(&cells, "valued"), [("valued_customers|currency=EUR|all", 1), ("valued_customers|currency=USD|all", 2)]);
    shop.feed(&refund(3 * HOUR, "a", Some(usd(100))));
    assert_eq!(named(&flushed(&mut shop), "valued"), [], "nobody is counted twice");
}

/// Histories name what their customers were scored with as the version that wrote them did.
#[test]
fn a_restored_slot_counts_everybody_unless_its_history_says_that_they_are() {
    let mut shop = Shop::new();
    shop.feed(&order(0, "a", usd(5000)));
    shop.commit();
    let counted = shop.slot.model_version().to_owned();
    let uncounted = counted.strip_suffix(" counted").unwrap();
    let [older, newest] = [RowVersion::from_number(2).unwrap(), RowVersion::NEWEST];
    for (version, scored_with, is_rescoring) in [
        (newest, counted.as_str(), false),
        (newest, uncounted, true),
        (newest, "cdnow-1", true),
        (newest, "", true),
        (older, uncounted, false),
        (older, "cdnow-1", false),
        (older, "cdnow-0", true),
    ] {
        let slot = Slot::restored(3, Arc::new(settings()), Arc::clone(&shop.committed), shop.slot.time_ms());
        let slot = slot.with_row_version(version).scored_with_model(scored_with);
        assert_eq!(slot.is_rescoring(), is_rescoring, "{version} {scored_with:?}");
    }
}
