//! The queue of one partition, split off its consumer, read in batches.
//!
//! Split before `subscribe` (or `assign`), a partition's queue stays split through every rebalance, so the consumer's main queue carries
//! events only. librdkafka's batch call is used on such queues alone: on a main queue it would answer rebalances by itself. Records of
//! an earlier seek or assignment are dropped inside librdkafka, by version. Used by `consumer` and `changelog`.

use std::ffi::{CStr, CString};
use std::os::raw::c_void;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::Consumer as _;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka_sys as sys;

use super::group::Handle;
use super::message::Message;
use super::wake::Waker;

/// Records per call: enough to make the call's lock cheap, small enough for the stack (4 KiB of pointers).
const BATCH_MAX: usize = 512;

/// What a partition's queue gave.
pub(super) enum Fetched {
    Record(Message),
    /// Delivered up to the last stable offset.
    /// The partition's end, and the offset from which the next record may come.
    End(i64),
    Failed(RDKafkaErrorCode, String),
}

pub(super) struct PartitionQueue {
    raw: NonNull<sys::rd_kafka_queue_t>,
    client: Arc<Handle>,
    /// The callback's argument points into it.
    _waker: Arc<Waker>,
}

// SAFETY: librdkafka's queues may be used from any thread, and the methods take the calls one at a time.
unsafe impl Send for PartitionQueue {}

/// Called by librdkafka's threads, with the queue's lock held: it must neither call back nor panic.
unsafe extern "C" fn on_nonempty(_client: *mut sys::rd_kafka_t, waker: *mut c_void) {
    // SAFETY: `split` passed a `Waker` that its queue keeps alive until the callback is disabled.
    unsafe { &*waker.cast::<Waker>() }.wake();
}

impl PartitionQueue {
    /// # Panics
    /// When the topic's name holds a NUL: names are checked before (`Settings::problems`).
    pub fn split(client: &Arc<Handle>, topic: &str, partition: u32, waker: &Arc<Waker>) -> PartitionQueue {
        let topic = CString::new(topic).expect("invariant: topic names are checked");
        // SAFETY: a live consumer and a C string; a queue handle of our own comes back.
        let raw = unsafe { sys::rd_kafka_queue_get_partition(client.client().native_ptr(), topic.as_ptr(), partition as i32) };
        let raw = NonNull::new(raw).expect("invariant: a consumer has a queue for every partition asked for");
        // SAFETY: our handle. The waker outlives the callback: `drop` disables it first, under the lock the callback runs in.
        unsafe {
            sys::rd_kafka_queue_forward(raw.as_ptr(), std::ptr::null_mut());
            sys::rd_kafka_queue_cb_event_enable(raw.as_ptr(), Some(on_nonempty), Arc::as_ptr(waker).cast_mut().cast());
        }
        PartitionQueue { raw, client: Arc::clone(client), _waker: Arc::clone(waker) }
    }

    /// Passes on what is there, at most `most` (and at most 512), without waiting. Returns how many there were: less than asked means
    /// that the queue was emptied.
    pub fn take(&self, most: usize, mut visit: impl FnMut(Fetched)) -> usize {
        let mut batch = [std::ptr::null_mut(); BATCH_MAX];
        let most = most.min(BATCH_MAX);
        // SAFETY: our queue, an array with room for `most` pointers, which we own afterwards.
        let count = unsafe { sys::rd_kafka_consume_batch_queue(self.raw.as_ptr(), 0, batch.as_mut_ptr(), most) };
        let count = usize::try_from(count).unwrap_or(0);
        for raw in &batch[..count] {
            let raw = NonNull::new(*raw).expect("invariant: a batch holds no null messages");
            // SAFETY: handed out by this queue just now, passed on once.
            visit(unsafe { self.receive(raw) });
        }
        count
    }

    /// Waits for one record.
    pub fn wait(&self, longest: Duration) -> Option<Fetched> {
        let longest_ms = i32::try_from(longest.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: our queue; the message, if any, is ours.
        let raw = unsafe { sys::rd_kafka_consume_queue(self.raw.as_ptr(), longest_ms) };
        // SAFETY: handed out by this queue just now, passed on once.
        NonNull::new(raw).map(|raw| unsafe { self.receive(raw) })
    }

    /// # Safety
    /// `raw` was handed out by this queue and belongs to nobody yet.
    unsafe fn receive(&self, raw: NonNull<sys::rd_kafka_message_t>) -> Fetched {
        // SAFETY: valid until destroyed below or by `Message`.
        let (code, offset) = unsafe { (raw.as_ref().err, raw.as_ref().offset) };
        if code == sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            // SAFETY: of this client, without error, owned.
            return Fetched::Record(unsafe { Message::new(raw, Arc::clone(&self.client)) });
        }
        // SAFETY: the text is a C string that lives until the message is destroyed, which happens once, here.
        let text = unsafe {
            let text = CStr::from_ptr(sys::rd_kafka_message_errstr(raw.as_ptr())).to_string_lossy().into_owned();
            sys::rd_kafka_message_destroy(raw.as_ptr());
            text
        };
        match RDKafkaErrorCode::from(code) {
            RDKafkaErrorCode::PartitionEOF => Fetched::End(offset),
            code => Fetched::Failed(code, text),
        }
    }
}

impl Drop for PartitionQueue {
    fn drop(&mut self) {
        // SAFETY: our handle, given back once; the client still lives, and after the first call no callback runs.
        unsafe {
            sys::rd_kafka_queue_cb_event_enable(self.raw.as_ptr(), None, std::ptr::null_mut());
            sys::rd_kafka_queue_destroy(self.raw.as_ptr());
        }
    }
}
