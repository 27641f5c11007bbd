//! Lets go of a client without trusting it to end.
//!
//! Destroying a librdkafka client joins its threads, leaves the group and polls for up to some hundred milliseconds; with a broker that is
//! silent, or after a bug there, it would stop the worker for good. So it happens on a thread of its own, and the caller waits only as
//! long as it likes. Whatever reads is held in a `Retiring`, so that there is no way to drop it that waits longer; the producer, which is
//! renewed now and then, calls `retire` itself. Used by `consumer`, `visitor`, `changelog`, `topic_scan`, `observer`, `feed` and `producer`.

use std::ops::Deref;
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

/// A client that is retired when dropped, within the given time.
pub(super) struct Retiring<T: Send + 'static> {
    /// None only while it is dropped.
    client: Option<T>,
    longest: Duration,
}

impl<T: Send + 'static> Retiring<T> {
    pub fn new(client: T, longest: Duration) -> Retiring<T> {
        Retiring { client: Some(client), longest }
    }
}

impl<T: Send + 'static> Deref for Retiring<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.client.as_ref().expect("invariant: a client is held until it is dropped")
    }
}

impl<T: Send + 'static> Drop for Retiring<T> {
    fn drop(&mut self) {
        if !retire(self.client.take(), self.longest) && self.longest > Duration::ZERO {
            tracing::warn!("a Kafka client takes longer than {} ms to go and is left to it", self.longest.as_millis());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::deadline::timed;
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// Goes when it is told to, and tells when it has gone.
    struct Stubborn(Receiver<()>, Sender<()>);

    impl Drop for Stubborn {
        fn drop(&mut self) {
            self.0.recv().ok();
            self.1.send(()).ok();
        }
    }

    #[test]
    fn whoever_drops_a_client_waits_for_it_but_not_for_ever() {
        let (go, told) = channel();
        let (tell, gone) = channel();
        let client = Retiring::new(Stubborn(told, tell), Duration::from_millis(50));
        let ((), took) = timed(|| drop(client));
        assert!(took >= Duration::from_millis(50) && took < Duration::from_secs(10), "{took:?}");
        assert!(gone.try_recv().is_err(), "it had not been told to go");
        go.send(()).unwrap();
        gone.recv().unwrap();

        // told before, it is gone when the drop returns
        let (go, told) = channel();
        let (tell, gone) = channel();
        go.send(()).unwrap();
        drop(Retiring::new(Stubborn(told, tell), Duration::from_secs(60)));
        gone.try_recv().unwrap();
    }
}
