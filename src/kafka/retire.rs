//! Lets go of a client without trusting it to end.
//!
//! Destroying a librdkafka client joins its threads and polls for up to some hundred milliseconds; a bug there would stop the worker for
//! good. So it happens on a thread of its own, and the caller waits only as long as it likes. Used by `consumer` and `producer`.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Drops `client` elsewhere; true if it was gone within `longest`. What takes longer goes on by itself.
pub(super) fn retire<T: Send + 'static>(client: T, longest: Duration) -> bool {
    let (gone, wait) = mpsc::channel();
    let end = move || {
        drop(client);
        // the listener may have left already
        gone.send(()).ok();
    };
    // without a thread the closure is dropped right here, and the client with it
    match thread::Builder::new().name("kafka-retire".to_owned()).spawn(end) {
        Ok(_) => wait.recv_timeout(longest).is_ok(),
        Err(_) => true,
    }
}
