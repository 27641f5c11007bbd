//! A real broker of its own for tests that break things: it may fall and comes back with its data, and it has a second door.
//!
//! Whoever asks at that door is sent to an address that the test names, so that a proxy there sees all that goes on. It knows nothing of
//! lifetide. Called by `chaos`.

use std::fs;
use std::process::Command;

use super::{Broker, Difference, START_DEADLINE, poll, probe, start};

pub struct Unsteady(Broker);

impl Unsteady {
    /// `proxy`: the port on 127.0.0.1 to which clients of the second door are sent.
    pub fn start(proxy: u16) -> Unsteady {
        let settings = |_: &std::path::Path, ports: &[u16]| {
            let lines = [
                "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT".to_owned(),
                // this broker may be away for longer than a transaction may last: as by default, time-outs are looked for when it is back in
                // service. While it starts it would end transactions without their markers, which nobody but an operator can put right.
                "transaction.abort.timed.out.transaction.cleanup.interval.ms=10000".to_owned(),
                format!("advertised.listeners=PLAINTEXT://127.0.0.1:{},PROXIED://127.0.0.1:{proxy}", ports[0]),
            ];
            Ok(lines.join("\n"))
        };
        let difference = Difference { listeners: &["PROXIED"], settings: &settings, format: Vec::new };
        start(&difference).map(Unsteady).unwrap_or_else(|why| panic!("{why}"))
    }

    /// The front door.
    pub fn plain(&self) -> &str {
        &self.0.bootstrap
    }

    /// Port of the door behind the proxy.
    pub fn back_port(&self) -> u16 {
        self.0.ports[0]
    }

    /// Stops the broker by SIGTERM and starts it again on its data; on return it is in service.
    pub fn restart(&self) {
        let pid = || fs::read_to_string(self.0.run_dir.join("pid")).unwrap();
        let former = pid();
        fs::write(self.0.run_dir.join("again"), "").unwrap();
        let sent = Command::new("kill").args(["-TERM", former.trim()]).status().unwrap();
        assert!(sent.success());
        poll("the broker to be started again", START_DEADLINE, || (pid() != former).then_some(()));
        poll("the broker to answer again", START_DEADLINE, || probe::answers(&self.0.bootstrap).ok());
    }
}
