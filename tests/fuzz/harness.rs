//! What must hold of every decoder of stored or foreign bytes, whatever the bytes: no panic, a reason for each refusal, bounds of what is
//! accepted, and what decodes encodes to something that decodes to the same.
//!
//! One function for each decoder. Called with mutations of the corpora by `tests/it/fuzz.rs` on stable, and by the targets of cargo-fuzz.

use std::sync::{Arc, OnceLock};

use lifetide::config::{Config, Sources, Text};
use lifetide::engine::{
    Cause, Committed, Customer, Message, Moment, Outputs, Progress, ROW_OVERHEAD_BYTES, RowVersion, Slot, Topic, encode_row, read_row,
};
use lifetide::event::{self, Event, Format, Kind, MAX_ID_BYTES, MAX_PRODUCTS, MAX_QUANTITY, Product, Raw, Wire};
use lifetide::worker::block::{self, BlockHeader};
use lifetide::worker::chain::{Chain, ChainHasher};
use lifetide::worker::metadata::Metadata;
use lifetide::worker::restore::{Restore, Target};
use lifetide::worker::rows;
use xxhash_rust::xxh3::xxh3_64;

/// 2026-01-01T00:00:00Z: when records came.
const AT_MS: i64 = 1_767_225_600_000;
/// Events of one input that are applied.
const EVENTS_MAX: usize = 32;
/// What an event can leave behind: a full cart (61 KB), and each output with it.
const ROW_BYTES_MAX: usize = 64 * 1024;
/// Kafka's own default is 4096; ours fits easily.
const METADATA_BYTES_MAX: usize = 128;
/// Magic and checksum of a block.
const SEAL: &[u8; 4] = b"LTCL";

fn read(files: &[Text], sets: &[String]) -> Result<Config, lifetide::config::ConfigError> {
    let no_files = |path: &str| Err(std::io::Error::other(format!("there is no {path}")));
    Config::read(&Sources { files, environment: &[], sets, host_name: Some("test"), read_file: &no_files })
}

fn defaults() -> &'static Config {
    static DEFAULTS: OnceLock<Config> = OnceLock::new();
    DEFAULTS.get_or_init(|| read(&[], &[]).expect("the defaults are good"))
}

/// Lines of records: the key, a tab, the value (without a tab: all is the value, of customer `u-1`). What decodes is applied.
pub fn events(bytes: &[u8]) {
    let config = defaults();
    let committed = Arc::new(Committed::new());
    let mut slot = Slot::new(0, Arc::new(config.engine.clone()), committed.clone());
    let mut out = Outputs::default();
    for (offset, line) in bytes.split(|byte| *byte == b'\n').take(EVENTS_MAX).enumerate() {
        let tab = line.iter().position(|byte| *byte == b'\t');
        let (key, value) = tab.map_or((b"u-1".as_slice(), line), |at| (&line[..at], &line[at + 1..]));
        let raw = Raw { key: Some(key), value: Some(value), timestamp_ms: Some(AT_MS) };
        match event::decode(&raw, &Wire::bare(Format::Auto), &config.input.decode, Some(AT_MS)) {
            Err(reject) => assert!(!reject.detail.is_empty() && reject.detail.len() <= 200 && reject.stage == reject.reason.stage()),
            Ok(told) => {
                for (part, event) in (0..).zip(told.events()) {
                    check_bounds(event);
                    let moment = Moment { to_ms: event.time_ms, wall_ms: Some(AT_MS) };
                    while slot.tick(moment, 100, &mut out) == Progress::More {}
                    let cause = Cause { topic: "shop.events", offset: offset as i64, part, trace: None, record: raw };
                    slot.apply(event, &cause, &mut out);
                }
            }
        }
    }
    for record in out.records() {
        // a tombstone says that a customer was erased
        let Some(bytes) = record.value else { continue };
        if record.topic == Topic::Relay {
            Message::decode(bytes, None).expect("a word to a customer is one");
            continue;
        }
        let value: serde_json::Value = serde_json::from_slice(bytes).expect("an output is JSON");
        let whose = if record.topic == Topic::Aggregates { "name" } else { "customer_id" };
        assert!(value["id"] == record.id && value[whose].as_str().is_some_and(|whose| record.key.starts_with(whose)));
        assert!(bytes.len() <= 3 * ROW_BYTES_MAX, "{} bytes", bytes.len());
    }
    slot.seal();
    for change in slot.changes() {
        let Some(row) = change.row else { continue };
        assert!(row.len() <= ROW_BYTES_MAX, "{} bytes", row.len());
        stable(&read_row(row).expect("what was encoded decodes"));
    }
    slot.publish();
}

fn check_bounds(event: &Event<'_>) {
    assert!(event.time_ms <= AT_MS + defaults().input.decode.max_skew_ms);
    match &event.kind {
        Kind::OrderCompleted(order) => assert!(order.value.minor >= 0 && (1..=MAX_ID_BYTES).contains(&order.order_id.len())),
        Kind::OrderRefunded(refund) => assert!(refund.amount.is_none_or(|amount| amount.minor >= 0)),
        Kind::CartLine(line) => check_product(&line.product),
        Kind::CartContents(contents) | Kind::CartAbandoned(contents) => {
            let products = contents.products.as_deref().unwrap_or_default();
            assert!(products.len() <= MAX_PRODUCTS);
            products.iter().for_each(check_product);
        }
        _ => {}
    }
}

fn check_product(product: &Product<'_>) {
    assert!((1..=MAX_ID_BYTES).contains(&product.product_id.len()));
    assert!(product.quantity <= MAX_QUANTITY && product.price.is_none_or(|price| price.minor >= 0));
}

/// One customer's row.
pub fn rows(bytes: &[u8]) {
    match read_row(bytes) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(customer) => stable(&customer),
    }
}

/// Whatever the bytes were, the row of a customer is one that decodes to a customer of the very same row.
fn stable(customer: &Customer) {
    let mut row = Vec::new();
    encode_row(customer, RowVersion::NEWEST, 0, &mut row);
    let again = read_row(&row).expect("what was encoded decodes");
    let mut second = Vec::new();
    encode_row(&again, RowVersion::NEWEST, 0, &mut second);
    assert_eq!(row, second);
}

/// Magic and checksum before what a block says: mutations reach what lies behind the checksum.
fn sealed(checked: &[u8]) -> Vec<u8> {
    [SEAL.as_slice(), &xxh3_64(checked).to_le_bytes(), checked].concat()
}

/// One block of a changelog, as it is, and as it were with a good checksum.
pub fn blocks(bytes: &[u8]) {
    for record in [bytes.to_vec(), sealed(bytes.get(SEAL.len() + 8..).unwrap_or_default())] {
        let (header, body) = match block::decode(&record) {
            Ok(decoded) => decoded,
            Err(error) => {
                assert!(!error.to_string().is_empty());
                continue;
            }
        };
        let encoded = block::encode(&header, body);
        assert!(encoded.len() <= record.len());
        assert_eq!(block::decode(&encoded), Ok((header, body)));
        let mut copy = Vec::new();
        let mut is_whole = true;
        for row in rows::rows(body) {
            match row {
                Ok(row) => rows::push_row(&mut copy, row),
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    is_whole = false;
                }
            }
        }
        assert!(body.starts_with(&copy) && (is_whole == (copy.len() == body.len())));
    }
}

/// A piece of a changelog: blocks, each behind its length (u32, little-endian). Checksums and chains are made good, so that what they
/// protect is reached.
pub fn changelogs(bytes: &[u8]) {
    let mut records: Vec<(BlockHeader, Vec<u8>)> = Vec::new();
    let mut rest = bytes;
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let length = (u32::from_le_bytes(*length) as usize).min(behind.len());
        let (record, behind) = behind.split_at(length);
        rest = behind;
        if let Ok((header, body)) = block::decode(&sealed(record.get(SEAL.len() + 8..).unwrap_or_default())) {
            records.push((header, body.to_vec()));
        }
    }
    chain(&mut records);
    let Some((last, _)) = records.last() else { return };
    let transaction = last.transaction.clone();
    let mut restore = Restore::new(transaction.slot, Target { seq: transaction.seq, chain: transaction.chain });
    let mut rows_max = 0;
    for (offset, (header, body)) in records.iter().enumerate() {
        rows_max += rows::rows(body).count();
        if let Err(error) = restore.take(offset as i64, &block::encode(header, body)) {
            return assert!(!error.to_string().is_empty());
        }
        assert!(restore.memory() <= bytes.len() + rows_max * ROW_OVERHEAD_BYTES);
        if restore.is_done() {
            break;
        }
    }
    match restore.finish(&transaction.offsets) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(restored) => {
            let rows: usize = restored.regions.iter().map(|(_, region)| region.len()).sum();
            assert!(rows <= rows_max && restored.last.chain == transaction.chain);
        }
    }
}

/// Makes each transaction's chain follow from the one before it.
fn chain(records: &mut [(BlockHeader, Vec<u8>)]) {
    let mut previous = Chain::default();
    let mut hasher: Option<ChainHasher> = None;
    for (header, body) in records {
        let open = hasher.get_or_insert_with(|| ChainHasher::new(previous, header.transaction.nonce));
        open.body(body);
        if header.last
            && let Some(done) = hasher.take()
        {
            previous = done.finish();
            header.transaction.chain = previous;
        }
    }
}

/// What travels with a committed offset.
pub fn metadata(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Some(parsed) = Metadata::parse(&text) else { return };
    let written = parsed.to_text();
    assert!(written.len() <= METADATA_BYTES_MAX);
    let again = Metadata::parse(&written).expect("what was written can be read");
    assert!(parsed.writer.starts_with(&again.writer));
    assert_eq!(Metadata { writer: parsed.writer.clone(), ..again }, parsed);
}

/// A configuration file, and its first line as `--set`.
pub fn configuration(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let set = text.lines().next().unwrap_or_default().to_owned();
    let file = Text { name: "fuzz.toml".to_owned(), text };
    for outcome in [read(&[file], &[]), read(&[], &[set])] {
        match outcome {
            Ok(config) => {
                assert!(!config.input.topics.is_empty() && config.workers >= 1);
                assert!(config.settings().len() >= defaults().settings().len());
            }
            Err(error) => {
                assert!(!error.0.is_empty() && error.0.iter().all(|problem| !problem.message.is_empty()));
                assert!(error.to_string().lines().count() >= 1);
            }
        }
    }
}
