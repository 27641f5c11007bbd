//! The three kinds of record, to the byte: subscribers, schemas and stored ids rely on them.

use super::*;

fn only(shop: &Shop, topic: Topic) -> String {
    let record = shop.out.records().filter(|r| r.topic == topic).last().unwrap();
    String::from_utf8(record.value.unwrap().to_vec()).unwrap()
}

#[test]
fn a_transition_record() {
    let mut shop = Shop::new();
    shop.feed_all(&[identified(0), order(HOUR, "o-1", usd(5720))]);
    assert_eq!(
        only(&shop, Topic::Transitions),
        r#"{"id":"89076ac00837a7464688ba3f6acbdc40","customer_id":"u-1","track":"lifecycle","from":"lead","to":"first_time","reason":"order","cycle":1,
"cause":{"type":"event","event":"Order Completed","topic":"shop.events","partition":3,"offset":1},"p_alive":0.6443512974051896,
"value":{"minor":5720,"currency":"USD","amount":"57.20"},"event_time":"2026-01-01T01:00:00.000Z"}"#
            .replace('\n', "")
    );
}

#[test]
fn a_clv_record() {
    let mut shop = Shop::new();
    shop.feed_all(&[order(0, "o-1", usd(5720)), order(14 * DAY, "o-2", usd(2000))]);
    assert_eq!(
        only(&shop, Topic::Clv),
        r#"{"id":"c4837ccd11315ecf7942927d211e49c2","customer_id":"u-1","event_time":"2026-01-15T00:00:00.000Z",
"cause":{"type":"event","event":"Order Completed","topic":"shop.events","partition":3,"offset":1},"primary_currency":"USD",
"historic":[{"currency":"USD","orders":2,"gross":{"minor":7720,"currency":"USD","amount":"77.20"},
"net_of_refunds":{"minor":7720,"currency":"USD","amount":"77.20"},"contribution":{"minor":7720,"currency":"USD","amount":"77.20"}}],
"npv":{"as_of":"2026-01-01T00:00:00.000Z","discount_monthly":0.01,"value":{"minor":7711,"currency":"USD","amount":"77.11"}},
"future":{"currency":"USD","horizon_days":365,"discount_monthly":0.01,"expected_orders":3.499391231069115,
"expected_order_value":{"minor":2464,"currency":"USD","amount":"24.64"},"expected_value":{"minor":8183,"currency":"USD","amount":"81.83"},"expected_contribution":{"minor":8183,"currency":"USD","amount":"81.83"},
"spend_model":"gamma_gamma"},"total":{"minor":15903,"currency":"USD","amount":"159.03"},"p_alive":0.7458202567760343,
"next_order_at":"2026-02-16T23:12:54.492Z","lapse_at":"2026-06-08T23:51:55.738Z","expected_lifetime_days":594.2468173314842,
"simple":{"aov_x_orders_x_lifespan":14090,"aov_x_retention":1745,"margin_multiple_first_counted":12892,
"margin_multiple_first_not_counted":5172,"revenue_divided_by_years_and_costs":null,"revenue_x_years_less_costs":12865},"segment":null,"margin_assumed":true,
"reliability":{"level":"low","why":"not_fitted"},"model":{"name":"mbg_nbd","version":"cdnow-1","fitted":false},
"inputs":{"x":1,"t_x":2.0,"t":2.0,"m":20.0}}"#
            .replace('\n', "")
    );
}

#[test]
fn an_action_record() {
    let mut shop = Shop::new();
    shop.feed_all(&[identified(0), added(HOUR, "p-1", 2)]).until(3 * HOUR);
    assert_eq!(
        only(&shop, Topic::Actions),
        r#"{"id":"1f1587aa8801ea85d72dddfb9de94004","kind":"send","play":"cart_recovery","play_version":"0badcafe","step":1,"template":"cart_1",
"instance":"c-1","channel":"email","arm":"treatment","due_at":"2026-01-01T02:00:00.000Z","expires_at":"2026-01-02T02:00:00.000Z",
"reason":"cart_idle","cancels":null,"customer_id":"u-1","email":"u-1@example.com","first_name":null,"locale":null,"time_zone":"UTC",
"consent":{"status":"subscribed","source":"trait","at":"2026-01-01T00:00:00.000Z"},
"cart":{"id":"c-1","url":null,"currency":"USD","value":{"minor":2000,"currency":"USD","amount":"20.00"},
"lines":[{"product_id":"p-1","sku":null,"name":null,"url":null,"image_url":null,"price":{"minor":1000,"currency":"USD","amount":"10.00"},
"quantity":2}]},"stage":"lead","value_band":null,"segment":null,"affinity":[],"offer":null,"event_time":"2026-01-01T02:00:00.000Z",
"cause":{"type":"deadline","deadline":"cart_recovery","due_at":"2026-01-01T02:00:00.000Z"},"drop_off_step":"cart"}"#
            .replace('\n', "")
    );
}

#[test]
fn a_record_is_addressed_like_its_value() {
    let mut shop = Shop::new();
    let cause = Cause {
        topic: "shop.purchases",
        offset: 17,
        part: 0,
        trace: Some(Trace { parent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", state: "shop=1" }),
        record: NO_RECORD,
    };
    shop.slot.apply(&order(HOUR, "o-1", usd(5720)), &cause, &mut shop.out);
    for record in shop.out.records() {
        let value: Json = serde_json::from_slice(record.value.unwrap()).unwrap();
        assert_eq!((record.id, record.key), (text(&value, "id"), text(&value, "customer_id")));
        assert_eq!((record.timestamp_ms, record.trace), (T0 + HOUR, cause.trace));
        assert_eq!(
            value["cause"],
            serde_json::json!({"type": "event", "event": "Order Completed", "topic": "shop.purchases", "partition": 3, "offset": 17})
        );
    }
    let ids: Vec<&str> = shop.out.records().map(|r| r.id).collect();
    assert_eq!(ids.len(), 2);
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn the_margin_is_taken_from_net_revenue_and_rounded_half_to_even() {
    let mut settings = settings();
    settings.value.margin = Some(0.25);
    let mut shop = Shop::with(settings);
    shop.feed_all(&[order(0, "a", usd(1010)), refund(0, "a", Some(usd(1000)))]);
    let clv = shop.written(Topic::Clv).pop().unwrap();
    assert_eq!(clv["historic"][0]["contribution"]["minor"], 2, "a quarter of 10 is 2.5");
    assert_eq!(clv["margin_assumed"], false);
    let expected = clv["future"]["expected_value"]["minor"].as_i64().unwrap();
    assert_eq!(clv["future"]["expected_contribution"]["minor"].as_i64().unwrap(), (expected as f64 / 4.0).round_ties_even() as i64);
    assert_eq!(clv["total"]["minor"].as_i64().unwrap(), 10 + expected);
}

#[test]
fn spend_of_an_unmodelled_currency_is_the_customers_own_mean() {
    let mut shop = Shop::new();
    shop.feed_all(&[order(0, "a", money(3000, "JPY")), order(DAY, "b", money(1000, "JPY"))]);
    let clv = shop.written(Topic::Clv).pop().unwrap();
    assert_eq!((text(&clv["future"], "spend_model"), text(&clv["total"], "currency")), ("own_mean", "JPY"));
    assert_eq!(clv["inputs"]["m"], 1000.0, "the repeat day's spend, in yen");
    assert_eq!(clv["historic"][0]["gross"]["amount"], "4000");
}

#[test]
fn notes_tell_metrics_what_was_written() {
    let mut shop = Shop::new();
    shop.feed_all(&[identified(0), order(0, "o", usd(100)), added(HOUR, "p", 1)]).until(3 * HOUR);
    let usd = Currency::from_code("USD").unwrap();
    let expected = [
        Note::Transition { from: None, to: Stage::LEAD },
        Note::Transition { from: Some(Stage::LEAD), to: Stage::FIRST_TIME },
        Note::Clv { currency: usd },
        Note::TimerFired { timer: TimerKind::Play, deadline_ms: T0 + 2 * HOUR },
        Note::Action { play: 0, kind: ActionKind::Send, reason: Reason::CartIdle },
    ];
    assert_eq!(shop.out.notes(), expected);
    shop.out.clear();
    assert!(shop.out.is_empty() && shop.out.notes().is_empty());
}

/// 100 − 20 (a refund after a year) − 5 (service, a year later): 100 − 20/1.01^12 − 5/1.01^24 = 78.31.
#[test]
fn the_net_present_value_discounts_each_flow_from_its_own_day() {
    let mut shop = Shop::new();
    let cost = Kind::Cost(Cost {
        cost_id: None,
        kind: CostKind::Service,
        amount: usd(500),
        channel: None,
        region: None,
        customer_type: None,
        product_type: None,
        from_ms: None,
    });
    shop.feed_all(&[order(HOUR, "o-1", usd(10_000)), refund(365 * DAY, "o-1", Some(usd(2_000))), event(730 * DAY, "Cost Recorded", cost)]);
    // the cost itself writes the record
    let npv = shop.written(Topic::Clv).last().unwrap()["npv"].clone();
    let value = serde_json::json!({"minor": 7831, "currency": "USD", "amount": "78.31"});
    assert_eq!(npv, serde_json::json!({"as_of": "2026-01-01T00:00:00.000Z", "discount_monthly": 0.01, "value": value}));
    let contribution = shop.written(Topic::Clv).last().unwrap()["historic"][0]["contribution"]["minor"].clone();
    assert_eq!(contribution, 10_000 - 2_000 - 500);
}
