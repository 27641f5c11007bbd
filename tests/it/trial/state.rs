//! The state of a stopped group, proven as a new owner would prove it. Used by what compares states.

use lifetide::cli::rules;
use lifetide::kafka::Visitor;
use lifetide::worker::Now;
use lifetide::worker::offline;

use super::Trial;
use crate::exactly_once::Rows;

impl Trial {
    /// Every row, mark and cell of so many slots; `sets` win over the trial's own. The error is the first slot's that cannot be proven, or whose
    /// last block is not what the committed offsets name.
    pub fn proven_rows(&self, sets: &[String], slots: u32) -> Result<Rows, String> {
        let config = self.config(sets);
        let mut visitor = Visitor::open(&rules::kafka_settings(&config)).map_err(|error| error.to_string())?;
        let clock = || Now { mono_ms: lifetide::clock::monotonic_ms(), wall_ms: lifetide::clock::wall_ms() };
        let mut found = Rows::new();
        for slot in 0..slots {
            let inspected = offline::inspect(&mut visitor, &config.input.topics, slot, &clock).map_err(|error| error.to_string())?;
            let named = inspected.metadata.as_ref().map(|metadata| metadata.seq);
            let state = inspected.state.map_err(|why| format!("slot {slot}: {why}"))?;
            let last = state.last.as_ref().map(|header| header.seq);
            if last != named {
                return Err(format!("slot {slot}: offsets name sequence {named:?}, the last block is of {last:?}"));
            }
            for (_, region) in &state.regions {
                region.rows().for_each(|(_, id, row)| drop(found.insert((slot, id.to_vec()), row.to_vec())));
                region.marks().for_each(|mark| drop(found.insert((slot, mark.id.0.to_vec()), mark.row().to_vec())));
                region.cells().for_each(|(key, row)| drop(found.insert((slot, key.as_bytes().to_vec()), row.to_vec())));
            }
        }
        Ok(found)
    }
}
