//! The last value of each cell: what a reader of the aggregates has, and what `replay` says they should have.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use rdkafka::Message;
use serde_json::Value;

use super::{Process, Trial};
use crate::population::{Figures, counted, recounted};

type Cells = BTreeMap<String, Value>;

impl Trial {
    /// By the files of the last `replay`.
    fn replayed_cells(&self) -> Cells {
        let text = fs::read_to_string(self.folder.join("replay").join(format!("{}.out.aggregates.jsonl", self.name))).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Map<String, Value>>(line).unwrap());
        let cells = lines.map(|mut cell| {
            cell.remove("timestamp_ms");
            (cell.remove("key").unwrap().as_str().unwrap().to_owned(), Value::Object(cell))
        });
        cells.collect()
    }

    fn cells(&self) -> Cells {
        let records = self.records(&[format!("{}.out.aggregates", self.name)], "read_committed");
        let text = |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap().to_vec()).unwrap();
        records.iter().map(|record| (text(record.key()), serde_json::from_str(&text(record.payload())).unwrap())).collect()
    }

    /// The figures over all customers, and what they add up to by the last value of each.
    pub fn population(&self) -> (Figures, Figures) {
        let values = self.written().remove("clv").unwrap().into_values().filter_map(|mut values| values.pop());
        (counted(self.cells().into_values()), recounted(values.filter(|value| value.get("future").is_some())))
    }

    /// Waits until every cell has its last value, and says which has not otherwise.
    pub fn wait_until_counted(&self, processes: &[&Process], longest: Duration) {
        let (expected, deadline) = (self.replayed_cells(), Instant::now() + longest);
        assert!(expected.len() > 10, "{} cells", expected.len());
        loop {
            let found = self.cells();
            if found == expected {
                return;
            }
            let differing = || expected.iter().find(|(key, cell)| found.get(*key) != Some(cell)).map(|(key, cell)| (cell, found.get(key)));
            let logs = || processes.iter().map(|p| p.log_tail()).collect::<Vec<_>>().join("\n---\n");
            assert!(Instant::now() < deadline, "{} cells, not {}: {:?}\n{}", found.len(), expected.len(), differing(), logs());
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}
